"""Geometric mean and optimal map of covariances by matrix products alone: for graphs without decompositions.

The coupled iteration y' = y·p(z·y), z' = p(z·y)·z, started at (b, a), tends to (b # a⁻¹, a # b⁻¹), where # is the
geometric mean: y is then the map t with t·a·t = b. Neither a root nor an inverse of `a` or `b` is formed. It never
looks at a value, so it can be compiled, captured and exported.

Reference:
    Iannazzo, The geometric mean of two matrices from a computational viewpoint (2016).
    arXiv:1201.0101
"""

import math
from itertools import pairwise

import torch
from torch import Tensor

from styler.matrix_sqrt.arguments import check_matrix
from styler.matrix_sqrt.minimax import minimax_quintics, minimax_roots, quintic_step
from styler.matrix_sqrt.newton_schulz import schulz_step
from styler.matrix_sqrt.precision import in_working_precision, without_autocast
from styler.matrix_sqrt.scaling import symmetric
from styler.matrix_sqrt.solution import some

LEAST = 1e-11
"""Lower end of the interval of eigenvalues of a·b, as a share of the upper, that the polynomials are made for."""

RIDGE, RATIO, NUM_RIDGES = 1e-7, 16.0, 3
"""Least ridge on b relative to its norm, the ratio between ridges, and their number.

Round-off leaves singular covariances slightly indefinite, to 2e-6 of the norm in single precision, and odd polynomials
diverge there. A ridge δ turns a null eigenvalue of the map into √(δ/a): (4·t(δ) − t(16·δ))/3 cancels that.
"""

SHARE = 0.1
"""Share of these ridges that `a` gets."""

PREFERENCE = 2.0
"""How many times smaller the residual must be for the next larger ridge: below round-off it says nothing."""

DIVERGED = 1e9
"""Residual from which a map, or NaN, counts as none."""


def geometric_mean(a: Tensor, b: Tensor) -> Tensor:
    """Return a # b = a^(1/2)·(a^(-1/2)·b·a^(-1/2))^(1/2)·a^(1/2), computed by matrix products alone.

    It is the midpoint of the geodesic between positive definite matrices, and b # a = a # b.

    Args:
        a: Symmetric positive definite, `(..., n, n)`.
        b: Symmetric positive semidefinite, `(..., n, n)`; leading axes broadcast with those of a.

    Raises:
        ValueError: If the shapes do not fit, or a gradient is required.
    """
    work, other = checked(a, b)
    with without_autocast(a):
        norm = bounded_norm(work)
        inverse_root = some(minimax_roots(work / norm, strict=True).inverse)
        inverse = symmetric(inverse_root @ inverse_root) / norm
        return product_transport(inverse, other).to(torch.promote_types(a.dtype, b.dtype))


def checked(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the arguments in working precision.

    Raises:
        ValueError: If the shapes do not fit, or a gradient is required.
    """
    check_matrix(a)
    check_matrix(b, name="b")
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"expected a and b of the same size, got {tuple(a.shape)} and {tuple(b.shape)}")
    if torch.is_grad_enabled() and (a.requires_grad or b.requires_grad):
        raise ValueError("expected a and b without gradient, which matrix products alone do not have at singular b")
    dtype = torch.promote_types(a.dtype, b.dtype)
    return in_working_precision(a.to(dtype)), in_working_precision(b.to(dtype))


def product_transport(a: Tensor, b: Tensor) -> Tensor:
    """Return the map t, symmetric, with t·a·t = b, in the precision of the arguments.

    Of the maps without and with ridges the one with the least residual ‖t·a·t − b‖/‖b‖ is kept, and zero where all
    diverge.

    Args:
        a: Symmetric positive definite, `(..., n, n)`.
        b: Symmetric positive semidefinite, `(..., n, n)`, of any rank.
    """
    a, b = torch.broadcast_tensors(a, b)
    norm_a, norm_b = bounded_norm(a), bounded_norm(b)
    unit_a, unit_b = a / norm_a, b / norm_b
    maps = extrapolated(coupled_map(with_ridges(unit_a, scale=SHARE), with_ridges(unit_b)))
    best, least = torch.zeros_like(maps[0]), torch.full_like(norm_a, DIVERGED)
    for weight, t in enumerate(maps):
        residual = bounded_norm(t @ unit_a @ t - unit_b) * PREFERENCE**weight
        better = residual < least  # never for NaN
        best, least = torch.where(better, t, best), torch.where(better, residual, least)
    return best * (norm_b.sqrt() / norm_a.sqrt())


def bounded_norm(a: Tensor) -> Tensor:
    """Return the Frobenius norm per matrix, `(..., 1, 1)`, at least the smallest normal number; entries of any size."""
    largest = a.abs().amax((-2, -1), keepdim=True).clamp_min(torch.finfo(a.dtype).tiny)
    return (a / largest).square().sum((-2, -1), keepdim=True).sqrt().clamp_min(1) * largest


def with_ridges(b: Tensor, *, scale: float = 1.0) -> Tensor:
    """Return b without and with each of the ridges, times `scale`, `(1 + NUM_RIDGES, ..., n, n)`."""
    ridge = scale * RIDGE * torch.eye(b.shape[-1], dtype=b.dtype, device=b.device)
    return torch.stack([b, *(b + RATIO**k * ridge for k in range(NUM_RIDGES))])


def coupled_map(a: Tensor, b: Tensor) -> Tensor:
    """Return the limit b # a⁻¹ of the coupled iteration for matrices of norm one; their leading axes broadcast."""
    product = a @ b
    # √tr((a·b)²) is no less than the largest eigenvalue of a·b.
    scale = (product * product.mT).sum((-2, -1), keepdim=True).clamp_min(1e-30).sqrt().sqrt()
    y, z = b / scale, a / scale
    for polynomial in minimax_quintics(math.sqrt(LEAST)):
        y, z = map(symmetric, quintic_step(y, z, polynomial))  # asymmetric round-off would grow
    for _ in range(polishing_steps(torch.finfo(a.dtype).eps)):
        y, z = map(symmetric, schulz_step(y, z, z @ y))
    return y


def polishing_steps(eps: float) -> int:
    """Return how many Newton–Schulz steps take the error, which each squares, from 0.1 to round-off."""
    return math.ceil(math.log2(math.log(eps) / math.log(0.1)))


def extrapolated(maps: Tensor) -> list[Tensor]:
    """Return the map without ridge, those of neighbouring ridges extrapolated to none, and that of the largest."""
    factor = math.sqrt(RATIO)
    plain, *ridged = maps.unbind(0)
    pairs = pairwise(ridged)
    return [plain, *((factor * less - more) / (factor - 1) for less, more in pairs), ridged[-1]]
