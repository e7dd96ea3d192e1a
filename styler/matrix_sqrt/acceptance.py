"""Whether an iterated method has converged, checked from its roots without a decomposition."""

from typing import NamedTuple

import torch
from torch import Tensor

from styler.matrix_sqrt.eigh import default_rank_tol
from styler.matrix_sqrt.iteration import frobenius_norm, frobenius_scale

# Steps of the power method. From the column of largest norm the estimate is short of the norm by a factor of
# n^(1/10) at worst; over random, log-spaced and clustered spectra with n to 512 by 1.3.
POWER_STEPS = 5
# ‖z·a·z − 1‖ up to which z is known to be near the inverse root in every direction.
NEAR = 0.1


class RootChecks(NamedTuple):
    """Results of the checks for each matrix, each `(...)`.

    regular: Whether the matrix is of full rank to working accuracy, and z near its inverse root.
    accurate: Whether ‖x·x − a‖ ≤ tol·‖a‖.
    inverse: Whether ‖z·a·z − 1‖ ≤ tol·κ.
    """

    regular: Tensor
    accurate: Tensor
    inverse: Tensor


def root_checks(a: Tensor, root: Tensor, z: Tensor, *, tol: float) -> RootChecks:
    """Return the checks of roots x = `root` and z of matrices with entries near one.

    The condition number is estimated in 2-norms. If an iteration has not converged in a null
    space, z is too small there and κ is underestimated; ‖z·a·z − 1‖ shows it.
    """
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    condition = (spectral_norm(a) * spectral_norm(z).square())[..., 0, 0]
    error = frobenius_norm(z @ a @ z - identity)[..., 0, 0]
    regular = (condition > 0) & (condition * default_rank_tol(a) < 1) & (error <= NEAR)
    return RootChecks(regular, root_residual(a, root) <= tol, error <= tol * condition)


def spectral_norm(a: Tensor, *, num_steps: int = POWER_STEPS) -> Tensor:
    """Return the 2-norm of Hermitian matrices, `(..., 1, 1)`, or slightly less."""
    column = torch.linalg.vector_norm(a, dim=-2).argmax(-1)[..., None, None]
    v = a.gather(-1, column.expand(*a.shape[:-1], 1))
    for _ in range(num_steps):
        norm = frobenius_norm(v)
        v = a @ (v / norm.masked_fill(norm == 0, 1))
    return frobenius_norm(v)


def root_residual(a: Tensor, root: Tensor) -> Tensor:
    """Return ‖x·x − a‖/‖a‖ per matrix, `(...)`."""
    return (frobenius_norm(root @ root - a) / frobenius_scale(a))[..., 0, 0]


def default_tol(a: Tensor) -> float:
    """Return the round-off of n-term sums, 2·n·eps, with a little more for small matrices."""
    return 2 * (a.shape[-1] + 8) * torch.finfo(a.dtype).eps
