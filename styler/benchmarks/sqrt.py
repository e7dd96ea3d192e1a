"""Time and error of matrix square roots, ours and as published, on random and on real covariances."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import torch
from torch import Tensor

from styler.choices import Method
from styler.matrix_sqrt import inv_sqrtm, published, sqrtm
from styler.model.encoder import Encoder
from styler.transfer.moments import moments_of

SIZES = ((1, 64), (64, 48), (32, 256), (1, 512))
"""Batch and size: the first three are the papers'."""


@dataclass(frozen=True)
class RootRow:
    """Medians in milliseconds, and the largest relative error of a batch against float64 (Frobenius norms).

    `inverse_error` is None where only the root was published.
    """

    name: str
    matrices: str
    batch: int
    n: int
    forward_ms: float
    backward_ms: float
    root_error: float
    inverse_error: float | None
    gradient_error: float


def implementations() -> dict[str, Callable[[Tensor], Tensor]]:
    """Return the roots to compare by name."""
    ours: dict[str, Callable[[Tensor], Tensor]] = {name: partial(sqrtm, method=name) for name in get_args(Method)}
    theirs: dict[str, Callable[[Tensor], Tensor]] = {
        "published mpa": published.published_mpa,
        "published mtp": published.published_mtp,
        "published ns(5)": published.published_newton_schulz,
        "published svd": published.published_svd,
        "torch eigh": eigh_as_it_stands,
    }
    if hasattr(torch.linalg, "matrix_sqrth"):
        theirs["torch sqrth"] = torch.linalg.matrix_sqrth
    return ours | theirs


def eigh_as_it_stands(a: Tensor) -> Tensor:
    """Return the root as most write it, differentiated by torch."""
    values, vectors = torch.linalg.eigh(a)
    return (vectors * values.sqrt()[..., None, :]) @ vectors.mH


def random_covariances(batch: int, n: int, *, seed: int = 0) -> Tensor:
    """Return covariances of 4·n normal vectors, `(batch, n, n)` in float64; condition numbers near 10."""
    features = torch.randn(batch, n, 4 * n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return features @ features.mT / (4 * n)


def feature_covariances(image: Tensor, encoder: Encoder) -> dict[str, Tensor]:
    """Return the covariance of a picture's features by level, `(1, C, C)`."""
    with torch.inference_mode():
        features = encoder.pyramid(image)
        return {level: moments_of(x.double()).covariance for level, x in features.items()}


def benchmark_rows(
    matrices: Mapping[str, Tensor],
    *,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    repeats: int = 20,
    names: Sequence[str] | None = None,
) -> Iterator[RootRow]:
    """Yield a row for each batch `(B, n, n)` and each implementation.

    Args:
        matrices: Batches by what they are called.
        device: Where they are solved.
        dtype: The precision in which they are solved.
        repeats: Timed runs of each, every one after one that is not: what ran before has left its own data in
            the caches. Implementations take turns, since a machine's load and clock drift.
        names: Implementations to measure; all by default.
    """
    known = implementations()
    for kind, exact in matrices.items():
        a = exact.to(device, dtype).clone()
        generator = torch.Generator().manual_seed(1)
        weight = torch.randn(a.shape, dtype=torch.float64, generator=generator).to(a)
        weight = weight + weight.mT
        functions = {name: known[name] for name in names or known}
        rounds = [{name: timed_warm(f, a, weight) for name, f in functions.items()} for _ in range(repeats)]
        for name, function in functions.items():
            yield measured(name, function, kind, a, weight, [timings[name] for timings in rounds])


def measured(
    name: str,
    function: Callable[[Tensor], Tensor],
    kind: str,
    a: Tensor,
    weight: Tensor,
    timings: Sequence[tuple[float, float]],
) -> RootRow:
    """Return the row of one implementation on one batch."""
    root, gradient = with_gradient(function, a, weight)
    exact_root, exact_gradient = with_gradient(sqrtm, a.double(), weight.double())
    inverse_error = None
    if isinstance(function, partial):
        inverse_error = largest_error(inv_sqrtm(a, **function.keywords), inv_sqrtm(a.double()))
    forward, backward = (statistics.median(side) * 1e3 for side in zip(*timings, strict=True))
    return RootRow(
        name,
        kind,
        a.shape[0],
        a.shape[-1],
        forward,
        backward,
        largest_error(root, exact_root),
        inverse_error,
        largest_error(gradient, exact_gradient),
    )


def timed_warm(function: Callable[[Tensor], Tensor], a: Tensor, weight: Tensor) -> tuple[float, float]:
    """Return the seconds of the second of two runs in a row."""
    timed(function, a, weight)
    return timed(function, a, weight)


def timed(function: Callable[[Tensor], Tensor], a: Tensor, weight: Tensor) -> tuple[float, float]:
    """Return the seconds of one forward and one backward pass."""
    leaf = a.detach().requires_grad_()
    synchronize(a)
    start = time.perf_counter()
    root = function(leaf)
    synchronize(a)
    middle = time.perf_counter()
    root.backward(weight)
    synchronize(a)
    return middle - start, time.perf_counter() - middle


def synchronize(a: Tensor) -> None:
    """Wait until what was asked of an accelerator is done."""
    if a.device.type != "cpu":
        torch.accelerator.synchronize(a.device)


def with_gradient(function: Callable[[Tensor], Tensor], a: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the root and the gradient, symmetrised, of its inner product with `weight`."""
    leaf = a.detach().requires_grad_()
    root = function(leaf)
    (gradient,) = torch.autograd.grad(root, leaf, weight)
    return root.detach(), (gradient + gradient.mT) / 2


def largest_error(x: Tensor, exact: Tensor) -> float:
    """Return the largest relative error of a batch; NaN if any is."""
    difference = torch.linalg.vector_norm(x.double() - exact, dim=(-2, -1))
    return float((difference / torch.linalg.vector_norm(exact, dim=(-2, -1))).max())
