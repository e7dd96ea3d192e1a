"""Matrix Taylor polynomials of the square root, as published and refined to convergence."""

import math

import torch
from torch import Tensor

from styler.matrix_sqrt.iteration import Normalize, coupled_iteration, normalizing_scale
from styler.matrix_sqrt.newton_schulz import least_share, schulz_step, schulz_steps
from styler.matrix_sqrt.solution import Solution


def mtp_roots(
    a: Tensor,
    *,
    degree: int = 10,
    tol: float = 0.0,
    max_iterations: int | None = None,
    normalize: Normalize = "frobenius",
) -> Solution:
    """Return roots of Hermitian matrices with entries near one.

    One iteration is the published polynomials in 1 − a/‖a‖. The following ones are Newton–Schulz steps
    from the inverse root z and from y = a·z, which commute as that iteration needs.

    Reference:
        Song, Sebe, Wang (2022), eq. 4-6. arXiv:2201.12543
    """
    scale = normalizing_scale(a, normalize)
    normalised = a / scale
    root, inverse = taylor_pair(normalised, degree=degree)
    polishing = (schulz_steps(least_share(a, 0.0)) if max_iterations is None else max_iterations) - 1
    iterations = torch.zeros(a.shape[:-2], dtype=torch.int64, device=a.device)
    if polishing > 0:
        root, inverse, iterations = coupled_iteration(
            schulz_step, normalised @ inverse, inverse, tol=tol, max_iterations=polishing
        )
    back = scale.sqrt()
    fell_back = torch.zeros_like(iterations, dtype=torch.bool)
    return Solution(root * back, inverse / back, iterations=iterations + 1, fell_back=fell_back)


def taylor_pair(m: Tensor, *, degree: int) -> tuple[Tensor, Tensor]:
    """Return the Taylor polynomials of m^(1/2) and m^(-1/2) about the identity, sharing their powers."""
    identity = torch.eye(m.shape[-1], dtype=m.dtype, device=m.device)
    z = identity - m
    root, inverse, power = identity, identity, identity
    for k in range(1, degree + 1):
        power = z if k == 1 else power @ z
        # (1 − z)^(-1/2) = Σ c_k·z^k with c_k = C(2k, k)/4^k, and (1 − z)^(1/2) = Σ c_k/(1 − 2k)·z^k.
        coefficient = math.comb(2 * k, k) / 4**k
        root = root + coefficient / (1 - 2 * k) * power
        inverse = inverse + coefficient * power
    return root, inverse
