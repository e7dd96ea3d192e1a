"""Coupled iteration by polynomials that are optimal for a known interval: a fixed number of products."""

import math
from functools import lru_cache

import torch
from torch import Tensor

from styler.matrix_sqrt.iteration import Normalize, coupled_iteration, fused, normalizing_scale
from styler.matrix_sqrt.newton_schulz import least_share, schulz_step
from styler.matrix_sqrt.precision import constant_when_compiled
from styler.matrix_sqrt.solution import Solution

# Above this lower end of the interval, Newton–Schulz squares the error from below 0.1.
CLOSE = 0.9
# Lower end of the widest interval that one step is made for, as a share of the upper. For a wider one the
# best quintic takes 1 nearly to 0, and round-off grows by the inverse: in float64 to 1e-12 at any input.
MILDEST = 0.05
# Newton–Schulz steps after the polynomials: the error falls from 0.2 to round-off in five.
POLISHING = 6


def minimax_roots(
    a: Tensor,
    *,
    eps: float = 0.0,
    tol: float = 0.0,
    max_iterations: int | None = None,
    normalize: Normalize = "frobenius",
    strict: bool = False,
    least: float | None = None,
) -> Solution:
    """Return approximate roots of Hermitian matrices with entries near one.

    Each step is the odd quintic x·p(x²) nearest to 1 on the interval that holds the square roots of the
    eigenvalues of z·y: y' = y·p(z·y), z' = p(z·y)·z. The first interval begins where the ridge puts the
    least eigenvalue, or at the rank tolerance without one. Newton–Schulz steps end it.

    Args:
        a: Matrices that already have their ridge.
        eps: That ridge, relative to tr/n before it.
        tol: Error at which the iteration may stop.
        max_iterations: Bound on all steps.
        normalize: What the matrix is divided by first.
        strict: Whether to take all steps without a look at the error.
        least: Where the eigenvalues of the normalised matrix begin, if that is known better.

    Reference:
        Amsel, Persson, Musco, Gower, The Polar Express (2025), alg. 1. arXiv:2505.16932
    """
    scale = normalizing_scale(a, normalize)
    polynomials = minimax_quintics(math.sqrt(max(least or 0.0, least_share(a, eps))))[:max_iterations]
    y, z = a / scale, torch.eye(a.shape[-1], dtype=a.dtype, device=a.device).expand_as(a)
    for polynomial in polynomials:
        y, z = quintic_step(y, z, polynomial)
    polishing = POLISHING if max_iterations is None else max_iterations - len(polynomials)
    y, z, iterations = coupled_iteration(schulz_step, y, z, tol=tol, max_iterations=polishing, strict=strict)
    iterations = iterations + len(polynomials)
    back = scale.sqrt()
    fell_back = torch.zeros_like(iterations, dtype=torch.bool)
    return Solution(y * back, z / back, iterations=iterations, fell_back=fell_back)


def quintic_step(y: Tensor, z: Tensor, polynomial: tuple[float, float, float]) -> tuple[Tensor, Tensor]:
    """Return (y·p, p·z) with p = α + β·m + γ·m² of m = z·y."""
    identity = torch.eye(y.shape[-1], dtype=y.dtype, device=y.device)
    alpha, beta, gamma = polynomial
    product = z @ y
    factor = fused(alpha * identity + beta * product, product, product, alpha=gamma)
    return y @ factor, factor @ z


@constant_when_compiled
def minimax_quintics(lower: float) -> list[tuple[float, float, float]]:
    """Return the coefficients that take [lower, 1] step by step to within 0.1 of one."""
    return cached_quintics(lower)


@lru_cache
def cached_quintics(lower: float) -> list[tuple[float, float, float]]:
    """Return the same, cached by interval; the compiler cannot trace the cache."""
    polynomials = []
    upper = 1.0
    while lower < CLOSE:
        # The paper's safety factor: round-off must not leave the interval, beyond which the quintic grows.
        upper *= 1.01
        least = max(lower, MILDEST * upper)
        alpha, beta, gamma = optimal_quintic(least, upper)
        polynomials.append((alpha, beta, gamma))
        lower, least = (x * (alpha + x**2 * (beta + x**2 * gamma)) for x in (lower, least))
        upper = 2 - least
        lower = min(lower, least)
    return polynomials


def optimal_quintic(lower: float, upper: float) -> tuple[float, float, float]:
    """Return (α, β, γ) that minimise max |1 − αx − βx³ − γx⁵| on [lower, upper], by Remez exchange."""
    inner = [(3 * lower + upper) / 4, (lower + 3 * upper) / 4]
    for _ in range(40):
        alpha, beta, gamma = equioscillation(sorted([lower, *inner, upper]))
        # Extrema of the error, where α + 3βx² + 5γx⁴ = 0.
        spread = math.sqrt(max(9 * beta**2 - 20 * alpha * gamma, 0.0))
        inner = [math.sqrt((-3 * beta - spread) / (10 * gamma)), math.sqrt((-3 * beta + spread) / (10 * gamma))]
        inner = [min(max(x, lower), upper) for x in inner]
    return alpha, beta, gamma


def equioscillation(points: list[float]) -> tuple[float, float, float]:
    """Return (α, β, γ) with 1 − p equal in size and alternating in sign at four points."""
    rows = [[x, x**3, x**5, (-1.0) ** i, 1.0] for i, x in enumerate(points)]
    for column in range(4):
        pivot = max(range(column, 4), key=lambda i: abs(rows[i][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [v / rows[column][column] for v in rows[column]]
        for i in range(4):
            if i != column:
                rows[i] = [v - rows[i][column] * w for v, w in zip(rows[i], rows[column], strict=True)]
    alpha, beta, gamma = (row[-1] for row in rows[:3])
    return alpha, beta, gamma
