"""The coupled Newton–Schulz iteration: matrix products only, quadratic once it has begun to converge."""

import math

import torch
from torch import Tensor

from styler.matrix_sqrt.eigh import rank_share
from styler.matrix_sqrt.iteration import Normalize, coupled_iteration, fused, normalizing_scale, size_class
from styler.matrix_sqrt.solution import Solution

# Steps that square the error from 0.6 to round-off of double precision.
LAST_STEPS = 8


def newton_schulz_roots(
    a: Tensor,
    *,
    eps: float = 0.0,
    tol: float = 0.0,
    max_iterations: int | None = None,
    normalize: Normalize = "frobenius",
    strict: bool = False,
) -> Solution:
    """Return approximate roots of Hermitian matrices with entries near one.

    y' = y·(3 − z·y)/2, z' = (3 − z·y)·z/2 from y = a/‖a‖, z = 1.

    Reference:
        Higham, Functions of Matrices (2008), eq. 6.35; as a layer: Li et al. (2018), arXiv:1712.01034
    """
    scale = normalizing_scale(a, normalize)
    steps = schulz_steps(least_share(a, eps)) if max_iterations is None else max_iterations
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device).expand_as(a)
    y, z, iterations = coupled_iteration(schulz_step, a / scale, identity, tol=tol, max_iterations=steps, strict=strict)
    root = scale.sqrt()
    fell_back = torch.zeros_like(iterations, dtype=torch.bool)
    return Solution(y * root, z / root, iterations=iterations, fell_back=fell_back)


def schulz_step(y: Tensor, z: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
    """Return the next pair; `product` is z·y."""
    return fused(y, y, product, beta=1.5, alpha=-0.5), fused(z, product, z, beta=1.5, alpha=-0.5)


def least_share(a: Tensor, eps: float) -> float:
    """Return the least eigenvalue of a matrix of full rank relative to its Frobenius norm or trace.

    It is where the ridge `eps`, relative to tr/n before it, puts it, or the rank tolerance without one.
    """
    n = size_class(a.shape[-1])
    return max(eps / (n * (1 + eps)), rank_share(n, a.dtype) / n**0.5)


def schulz_steps(least: float) -> int:
    """Return how many steps take the eigenvalues [least, 1] to one: their roots grow by 1.5 a step at first."""
    return math.ceil(-math.log(least) / (2 * math.log(1.5))) + LAST_STEPS
