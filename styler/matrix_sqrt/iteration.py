"""The loop of the iterated methods: each matrix of a batch stops separately, at its best iterate."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from styler.matrix_sqrt.scaling import power_of_four
from styler.matrix_sqrt.tracing import traced

Normalize = Literal["frobenius", "trace"]

# Above this the error may stay level or rise for many steps; below it convergence is at least quadratic.
CONVERGING = 0.3


def frobenius_norm(a: Tensor) -> Tensor:
    """Return the Frobenius norm per matrix, `(..., 1, 1)`, for entries that are safe to square."""
    return torch.linalg.vector_norm(a, dim=(-2, -1), keepdim=True)


def frobenius_scale(a: Tensor) -> Tensor:
    """Return the Frobenius norm per matrix, `(..., 1, 1)`, and 1 where it is zero; entries of any size."""
    power = power_of_four(a)
    norm = frobenius_norm(a / power) * power
    return norm.masked_fill(norm == 0, 1)


def normalizing_scale(a: Tensor, normalize: Normalize) -> Tensor:
    """Return the divisor that maps semidefinite eigenvalues into [0, 1], `(..., 1, 1)`; 1 for zero matrices."""
    if normalize == "frobenius":
        return frobenius_scale(a)
    trace = a.diagonal(dim1=-2, dim2=-1).real.sum(-1)[..., None, None]
    return trace.masked_fill(trace == 0, 1)


def size_class(n: int) -> int:
    """Return the least power of 4 that is at least n: compiled code for one size then serves others."""
    size = 1
    while size < n:
        size *= 4
    return size


def fused(c: Tensor, x: Tensor, y: Tensor, *, beta: float = 1.0, alpha: float = 1.0) -> Tensor:
    """Return beta·c + alpha·x·y, in one kernel where the batch is flat."""
    return torch.baddbmm(c, x, y, beta=beta, alpha=alpha) if x.ndim == 3 else beta * c + alpha * (x @ y)


def coupled_iteration(
    step: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
    y: Tensor,
    z: Tensor,
    *,
    tol: float = 0.0,
    max_iterations: int,
    strict: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return (y, z, iterations) with z·y near the identity, each matrix at its best iterate.

    A matrix is done when ‖z·y − 1‖ is at `tol` or round-off, or stops falling once it has begun to converge. Diverged
    iterates are never returned. Compiled or strict, all `max_iterations` run; else the loop ends early.

    Args:
        step: From (y, z, z·y) to the next (y, z).
        y: First iterate of the root.
        z: First iterate of the inverse root; commutes with y.
        tol: Error at which the iteration may stop; it bounds ‖y·y − a‖/‖a‖ from above.
        max_iterations: Bound on the steps.
        strict: Whether never to look at the error.
    """
    n = y.shape[-1]
    identity = torch.eye(n, dtype=y.dtype, device=y.device)
    enough = max(n**0.5 * torch.finfo(y.dtype).eps, tol)
    product = z @ y
    error = frobenius_norm((product - identity).detach())
    best_y, best_z, best_error = y, z, error
    done = ~(error > enough)
    iterations = torch.zeros_like(done, dtype=torch.int64)
    for _ in range(max_iterations):
        if not (strict or traced(y)) and bool(done.all()):
            break
        y, z = step(y, z, product)
        product = z @ y
        error = frobenius_norm((product - identity).detach())
        # In the slow phase the error may be level to the last bit while small eigenvalues still grow.
        better = ~done & (error <= best_error)
        best_y, best_z = torch.where(better, y, best_y), torch.where(better, z, best_z)
        iterations = iterations + (~done)
        halved = error < best_error / 2
        done = done | ~(error > enough) | ((best_error < CONVERGING) & ~halved)
        best_error = torch.where(better, error, best_error)
    return best_y, best_z, iterations[..., 0, 0]
