"""Precision and smoothness of gradients through a root: the second paper's comparison of remedies for the SVD.

Matrices lie on lines (1 − t)·a + t·b between covariances of few positions, each with a ridge, so that many
eigenvalues are as large as the ridge and equal: there 1/(λi − λj), which the gradient through eigenvectors has
and the gradient itself has not, is without bound.

Reference:
    Song, Sebe, Wang, Why Approximate Matrix Square Root Outperforms Accurate SVD in Global Covariance
    Pooling? (2021), sec. 3. arXiv:2105.02498
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from styler.benchmarks.sqrt.implementations import Root
from styler.benchmarks.sqrt.rows import largest_error, symmetric_weight, with_gradient
from styler.matrix_sqrt import published, published_svd, sqrtm

REMEDIES: dict[str, Root] = {
    "exact": sqrtm,
    "svd": published_svd.published_svd,
    "svd-trunc": partial(sqrtm, method="svd", backward="svd_trunc"),
    "svd-topn": partial(sqrtm, method="svd", backward="svd_topn"),
    "svd-clip": published_svd.published_svd_clip,
    "svd-pi": published_svd.published_svd_power_iteration,
    "svd-taylor": partial(sqrtm, method="svd", backward="svd_taylor"),
    "svd-pade": partial(sqrtm, method="svd", backward="svd_pade"),
    "svd-newton": partial(sqrtm, method="svd", backward="svd_newton"),
    "ns(5)": published.published_newton_schulz,
    "mpa": published.published_mpa,
    "mtp": published.published_mtp,
}


@dataclass(frozen=True)
class Smoothness:
    """Error and smoothness of the gradient of one root along a line, the worst over points and lines.

    single, double: Largest relative error of the gradient in float32 and in float64.
    roughness: Largest ‖g(t') − g(t)‖/‖a(t') − a(t)‖ between neighboring points in float32, relative to the
        exact gradient: 1 is as smooth as the exact one, below 1 is smoother.
    """

    name: str
    single: float
    double: float
    roughness: float


def smoothness_rows(
    n: int, *, points: int = 33, lines: int = 4, ridge: float = 1e-3, names: Sequence[str] | None = None
) -> Iterator[Smoothness]:
    """Yield a row for each remedy.

    Args:
        n: Size of the matrices; covariances are of n/4 positions.
        points: Number of points on each line.
        lines: Number of lines.
        ridge: Added to the diagonal; the mean eigenvalue is near 1.
        names: Remedies to measure; all by default.
    """
    a = torch.stack([matrix_line(n, points, ridge, seed=seed) for seed in range(lines)])
    single, weight = a.float(), symmetric_weight(a[0, 0])
    exact = gradients(sqrtm, single.double(), weight)
    for name in names or REMEDIES:
        found = gradients(REMEDIES[name], single, weight)
        in_double = gradients(REMEDIES[name], single.double(), weight)
        ratio = float(slopes(found, single).amax() / slopes(exact, single).amax())
        yield Smoothness(name, largest_error(found, exact), largest_error(in_double, exact), ratio)


def matrix_line(n: int, points: int, ridge: float, *, seed: int) -> Tensor:
    """Return points between two covariances with a ridge, `(points, n, n)` in float64."""
    x = torch.randn(2, n, max(1, n // 4), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    a, b = x @ x.mT / x.shape[-1]
    t = torch.linspace(0, 1, points, dtype=torch.float64)[:, None, None]
    return torch.lerp(a, b, t) + ridge * torch.eye(n, dtype=torch.float64)


def gradients(root: Root, a: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient at each of the matrices `(lines, points, n, n)`."""
    flat = a.flatten(0, 1)
    _, gradient = with_gradient(root, flat, weight.to(a).expand_as(flat))
    return gradient.view_as(a)


def slopes(gradient: Tensor, a: Tensor) -> Tensor:
    """Return the rate of change of the gradient between neighboring points, `(lines, points − 1)`."""
    differences = (torch.linalg.matrix_norm(x.double().diff(dim=1)) for x in (gradient, a))
    return torch.div(*differences)
