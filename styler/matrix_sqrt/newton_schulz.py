"""The coupled Newton–Schulz iteration: matrix products only, quadratic once it has begun to converge."""

import torch
from torch import Tensor

from styler.matrix_sqrt.iteration import coupled_iteration, frobenius_scale
from styler.matrix_sqrt.solution import Solution

# From the eigenvalue n·eps of a normalised matrix, growing by 9/4 a step, and six steps to square the error.
MAX_ITERATIONS = {torch.float32: 24, torch.float64: 48}


def newton_schulz_roots(a: Tensor, *, tol: float = 0.0, max_iterations: int | None = None) -> Solution:
    """Return approximate roots of Hermitian matrices with entries near one.

    y' = y·(3 − z·y)/2, z' = (3 − z·y)·z/2 from y = a/‖a‖, z = 1.

    Reference:
        Higham, Functions of Matrices (2008), eq. 6.35; as a layer: Li et al. (2018), arXiv:1712.01034
    """
    scale = frobenius_scale(a)
    steps = MAX_ITERATIONS[scale.dtype] if max_iterations is None else max_iterations
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device).expand_as(a)
    y, z, iterations = coupled_iteration(schulz_step, a / scale, identity, tol=tol, max_iterations=steps)
    root = scale.sqrt()
    return Solution(y * root, z / root, None, None, iterations, torch.zeros_like(iterations, dtype=torch.bool))


def schulz_step(y: Tensor, z: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
    """Return the next pair; `product` is z·y."""
    identity = torch.eye(y.shape[-1], dtype=y.dtype, device=y.device)
    half = 1.5 * identity - product / 2
    return y @ half, half @ z
