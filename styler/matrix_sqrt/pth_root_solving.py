"""Algorithms for p-th roots: in the eigenbasis, or by a coupled iteration with `eigh` as fallback."""

from typing import NamedTuple

import torch
from torch import Tensor

from styler.matrix_sqrt.acceptance import spectral_norm
from styler.matrix_sqrt.eigh import Rules, default_rank_tol, eigh_roots, reciprocal, spectral_product
from styler.matrix_sqrt.iteration import coupled_iteration, frobenius_norm, frobenius_scale
from styler.matrix_sqrt.solving import checked_symmetric
from styler.matrix_sqrt.tracing import traced

MAX_ITERATIONS = {torch.float32: 32, torch.float64: 60}
"""From the eigenvalue 16·eps of a normalised matrix, which grows by 9/4 or more a step; the last square the error."""

POWER_STEPS = 12
"""Of the power method, from the largest column: its estimate to the p-th power is a condition number."""


class PthRoots(NamedTuple):
    """a^(1/p), a^(-1/p), and eigenpairs of the root where the method has them."""

    root: Tensor
    inverse: Tensor
    vectors: Tensor | None
    values: Tensor | None


def solve_roots(a: Tensor, *, p: int, method: str, rules: Rules) -> PthRoots:
    """Return the roots of matrices of any size; NaN for what is not Hermitian or not semidefinite."""
    scale, power = binary_scale(a, p)
    work = checked_symmetric(a / power, tol=max(1e-5, rules.round_off))
    roots = (eigh_pth_roots if method == "eigh" else newton_pth_roots)(work, p, rules)
    values = None if roots.values is None else roots.values * scale[..., 0]
    return PthRoots(roots.root * scale, roots.inverse / scale, roots.vectors, values)


def binary_scale(a: Tensor, p: int) -> tuple[Tensor, Tensor]:
    """Return 2^k and 2^(p·k) per matrix, `(..., 1, 1)`, with the largest entry of `a` in [2^(p·k), 2^(p·k + p)).

    Dividing by one and multiplying by the other rounds nothing. NaN where any entry is not finite.
    """
    largest = a.detach().abs().amax(dim=(-2, -1), keepdim=True)
    finfo = torch.finfo(largest.dtype)
    integers, bits = (torch.int64, 52) if largest.dtype == torch.float64 else (torch.int32, 23)
    bias = 1023 if bits == 52 else 127
    exponent = (largest.clamp(min=finfo.tiny * 2.0**p).view(integers) >> bits) - bias
    k = torch.div(exponent, p, rounding_mode="floor")
    scale, power = (((e + bias) << bits).view(largest.dtype) + 0 * largest for e in (k, p * k))
    return scale, power


def eigh_pth_roots(a: Tensor, p: int, rules: Rules) -> PthRoots:
    """Return the roots in the eigenbasis, for entries near one."""
    solution = eigh_roots(a, rules, scale=a.real.new_ones(1, 1), inverse=False)
    if solution.vectors is None or solution.values is None:
        raise ValueError("expected a solution with eigenpairs")
    values = root_of_square(solution.values, p)
    root, inverse = (spectral_product(solution.vectors, s) for s in (values, reciprocal(values)))
    return PthRoots(root, inverse, solution.vectors, values)


def root_of_square(values: Tensor, p: int) -> Tensor:
    """Return values^(2/p); for a power of two by square roots, which commute with powers of two to the last bit."""
    while p > 2 and p % 2 == 0:
        values, p = values.sqrt(), p // 2
    return values if p == 2 else values ** (2 / p)


def newton_pth_roots(a: Tensor, p: int, rules: Rules) -> PthRoots:
    """Return the roots by products, and by `eigh` where those miss round-off; for entries near one.

    y' = y·h^(p−1), z' = h·z with h = (p + 1 − z·y)/p, from y = a/‖a‖, z = 1: Newton's iteration for the inverse
    root, coupled so that it is stable, and for p = 2 that of Newton and Schulz.

    Reference:
        Guo, Higham, A Schur-Newton method for the matrix p-th root and its inverse (2006), eq. 3.2 and 3.5; they
        carry z·y = zᵖ·a along, which we compute anew from y = a·z^(p−1)
    """
    scale = frobenius_scale(a)
    normalised = a / scale
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)

    def step(y: Tensor, z: Tensor, product: Tensor) -> tuple[Tensor, Tensor]:
        h = ((p + 1) * identity - product) / p
        return y @ torch.linalg.matrix_power(h, p - 1), h @ z

    y, z, _ = coupled_iteration(step, normalised, identity.expand_as(a), max_iterations=MAX_ITERATIONS[scale.dtype])
    back = root_of_square(scale.sqrt(), p)
    found = PthRoots(y * back, z / back, None, None)
    return with_fallback(a, found, ~is_accurate(normalised, y, z, p), p, rules)


def is_accurate(a: Tensor, y: Tensor, z: Tensor, p: int) -> Tensor:
    """Return, per matrix of norm one, whether y and z are its roots to round-off and it is of full rank, `(...)`.

    ‖yᵖ − a‖ ≤ tol and ‖z·y − 1‖ ≤ tol·κ^(1/p) ≤ 0.1 with tol = p·(n + 8)·eps. The last is asked of the root alone
    too: where it fails κ is not known.
    """
    n = a.shape[-1]
    tol = p * (n + 8) * torch.finfo(a.dtype).eps
    identity = torch.eye(n, dtype=a.dtype, device=a.device)
    spread = spectral_norm(y, num_steps=POWER_STEPS) * spectral_norm(z, num_steps=POWER_STEPS)
    good = frobenius_norm(torch.linalg.matrix_power(y, p) - a) <= tol
    good = good & (frobenius_norm(z @ y - identity) <= (tol * spread).clamp(max=0.1))
    return (good & (spread**p * default_rank_tol(a) < 1))[..., 0, 0]


def with_fallback(a: Tensor, found: PthRoots, missed: Tensor, p: int, rules: Rules) -> PthRoots:
    """Return the roots, with those by `eigh` where the iteration missed its tolerance."""
    # Null eigenvalues must be null in the root too.
    rules = rules._replace(rank_tol=None if rules.eps > 0 else default_rank_tol(a))
    where = missed[..., None, None]
    if traced(a):
        exact = eigh_pth_roots(a, p, rules)
        pairs = zip(found[:2], exact[:2], strict=True)
        return PthRoots(*(torch.where(where, new, old) for old, new in pairs), None, None)
    if not bool(missed.any()):
        return found
    exact = eigh_pth_roots(a[missed], p, rules)
    pairs = zip(found[:2], exact[:2], strict=True)
    return PthRoots(*(old.masked_scatter(where, new) for old, new in pairs), None, None)
