"""Matrix Padé approximants of the square root, as published and iterated to convergence."""

import math

import torch
from torch import Tensor

from styler.matrix_sqrt.iteration import Normalize, frobenius_norm, normalizing_scale
from styler.matrix_sqrt.scaling import symmetric
from styler.matrix_sqrt.solution import Solution
from styler.matrix_sqrt.tracing import traced

# With degree 5, six steps take the eigenvalue eps² of a normalised matrix to one.
MAX_ITERATIONS = 12


def mpa_roots(
    a: Tensor,
    *,
    degree: int = 5,
    tol: float = 0.0,
    max_iterations: int | None = None,
    normalize: Normalize = "frobenius",
) -> Solution:
    """Return roots of Hermitian matrices with entries near one, by the [degree/degree] approximant.

    The root of m = a/‖a‖ is g(m)·√(m·g(m)⁻²); what is left under the root is nearer to the identity, and
    the same step again takes its root. One step is the published approximant, whose relative error at an
    eigenvalue x of m is 2w/(1 − w), w = ((1 − √x)/(1 + √x))^(2·degree + 1); each step takes w to that power.

    Reference:
        Song, Sebe, Wang (2022), eq. 7-12. arXiv:2201.12543. Unlike them we sum partial fractions, not
        powers of the matrix: all terms are positive, and one batched solve has them all.
    """
    scale = normalizing_scale(a, normalize)
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    rest, root, inverse = a / scale, identity.expand_as(a), identity.expand_as(a)
    left = frobenius_norm((rest - identity).detach())
    done = torch.zeros_like(left, dtype=torch.bool)
    iterations = torch.zeros_like(done, dtype=torch.int64)
    for _ in range(MAX_ITERATIONS if max_iterations is None else max_iterations):
        forward, backward = pade_pair(rest, degree=degree)
        rest = symmetric(backward @ rest @ backward)
        error = frobenius_norm((rest - identity).detach())
        iterations = iterations + (~done)
        # Not finite: round-off has made the matrix indefinite, and the iterate before it is the best.
        done = done | ~error.isfinite()
        root = torch.where(done, root, root @ forward)
        inverse = torch.where(done, inverse, inverse @ backward)
        # No longer falling from near the identity: what is left is round-off.
        done = done | (error <= tol) | ((left < 0.1) & (error > left / 4))
        left = error
        if not traced(a) and bool(done.all()):
            break
    back = scale.sqrt()
    steps = iterations[..., 0, 0]
    fell_back = torch.zeros_like(steps, dtype=torch.bool)
    return Solution(symmetric(root) * back, symmetric(inverse) / back, iterations=steps, fell_back=fell_back)


def pade_coefficients(degree: int) -> list[tuple[float, float]]:
    """Return (a_j, b_j) with √(1+z) ≈ 1 + Σ a_j·z/(1 + b_j·z), the [degree/degree] Padé approximant."""
    angles = [j * math.pi / (2 * degree + 1) for j in range(1, degree + 1)]
    return [(2 / (2 * degree + 1) * math.sin(t) ** 2, math.cos(t) ** 2) for t in angles]


def pade_pair(m: Tensor, *, degree: int) -> tuple[Tensor, Tensor]:
    """Return the approximants of m^(1/2) and m^(-1/2), each the other's inverse.

    The approximant g obeys g(1/m) = 1/g(m), so the inverse has the same a_j, negative, and 1 − b_j for b_j.
    """
    pairs = pade_coefficients(degree)
    weights = torch.tensor([s * a for s in (1.0, -1.0) for a, _ in pairs], dtype=m.real.dtype, device=m.device)
    shifts = torch.tensor([b for _, b in pairs] + [1 - b for _, b in pairs], dtype=m.real.dtype, device=m.device)
    identity = torch.eye(m.shape[-1], dtype=m.dtype, device=m.device)
    z = (m - identity)[..., None, :, :]
    terms = solve_definite(identity + shifts[:, None, None] * z, z) * weights[:, None, None]
    forward, backward = terms.unflatten(-3, (2, len(pairs))).sum(-3).unbind(-3)
    return identity + forward, identity + backward


def solve_definite(a: Tensor, b: Tensor) -> Tensor:
    """Return a⁻¹·b for positive definite a; NaN, and no error, for a matrix that is not."""
    factor, failed = torch.linalg.cholesky_ex(a)
    factor = factor.masked_fill((failed > 0)[..., None, None], torch.nan)
    return torch.cholesky_solve(b.expand_as(a), factor)
