"""Time, error and cost of matrix square roots, ours and as published: the papers' speed tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from styler.benchmarks.sqrt.cost import Cost, cost_of
from styler.benchmarks.sqrt.implementations import Root, implementations
from styler.benchmarks.sqrt.timing import median_times
from styler.matrix_sqrt import inv_sqrtm, sqrtm


@dataclass(frozen=True)
class RootRow:
    """Medians in milliseconds, and the largest relative error of a batch against float64 (Frobenius norms).

    `error` is that of the root, or of the inverse root if that is compared.
    """

    name: str
    matrices: str
    batch: int
    n: int
    forward_ms: float
    backward_ms: float
    error: float
    gradient_error: float
    cost: Cost


def benchmark_rows(
    matrices: Mapping[str, Tensor],
    *,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
    repeats: int = 20,
    names: Sequence[str] | None = None,
    roots: Mapping[str, Root] | None = None,
    inverse: bool = False,
) -> Iterator[RootRow]:
    """Yield a row for each batch `(B, n, n)` and each implementation.

    Args:
        matrices: Batches by name.
        device: Device of the computation.
        dtype: Precision of the computation.
        repeats: Timed runs of each; see `median_times`.
        names: Implementations to measure; all by default.
        roots: Implementations by name; those of `implementations` by default.
        inverse: Whether they return a^(-1/2).
    """
    known = implementations(inverse=inverse) if roots is None else roots
    functions = {name: known[name] for name in names or known}
    for kind, exact in matrices.items():
        a = exact.to(device, dtype).clone()
        weight = symmetric_weight(a)
        times = median_times(functions, a, weight, repeats=repeats)
        expected = exact_root(a, weight, inverse=inverse)
        for name, function in functions.items():
            found = with_gradient(function, a, weight)
            errors = (largest_error(x, y) for x, y in zip(found, expected, strict=True))
            yield RootRow(name, kind, a.shape[0], a.shape[-1], *times[name], *errors, cost_of(function, a, weight))


def symmetric_weight(a: Tensor) -> Tensor:
    """Return the gradients for the backward pass: symmetric, normally distributed, the same on every device."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(a.shape, dtype=torch.float64, generator=generator).to(a)
    return weight + weight.mT


def exact_root(a: Tensor, weight: Tensor, *, inverse: bool) -> tuple[Tensor, Tensor]:
    """Return root and gradient in float64 of the matrices as rounded to their precision."""
    root, round_off = inv_sqrtm if inverse else sqrtm, torch.finfo(a.dtype).eps ** 0.5
    return with_gradient(lambda x: root(x, round_off=round_off), a.double(), weight.double())


def with_gradient(function: Root, a: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the root and the gradient, symmetrized, of its inner product with `weight`."""
    leaf = a.detach().requires_grad_()
    root = function(leaf)
    (gradient,) = torch.autograd.grad(root, leaf, weight)
    return root.detach(), (gradient + gradient.mT) / 2


def largest_error(x: Tensor, exact: Tensor) -> float:
    """Return the largest relative error of a batch; NaN if any is."""
    difference = torch.linalg.vector_norm(x.double() - exact, dim=(-2, -1))
    return float((difference / torch.linalg.vector_norm(exact, dim=(-2, -1))).max())
