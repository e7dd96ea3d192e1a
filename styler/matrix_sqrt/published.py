"""The square roots as published, for benchmarks only.

Reference:
    Song, Sebe, Wang (2022). arXiv:2201.08663 and 2201.12543, and the code that goes with them.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.mpa import pade_coefficients

LYAPUNOV_STEPS = 8
NEWTON_STEPS = 5
PADE_DEGREE = 5
TAYLOR_DEGREE = 10


def pade_polynomials(degree: int = PADE_DEGREE) -> tuple[list[float], list[float]]:
    """Return the coefficients of p and q, lowest power first, with √(1 − z) ≈ p(z)/q(z)."""
    pairs = pade_coefficients(degree)
    q = torch.ones(1, dtype=torch.float64)
    for _, b in pairs:
        q = times_linear(q, -b)
    p = q.clone()
    for j, (a, _) in enumerate(pairs):
        rest = torch.tensor([0.0, -a], dtype=torch.float64)
        for i, (_, b) in enumerate(pairs):
            if i != j:
                rest = times_linear(rest, -b)
        p = p + rest
    return p.tolist(), q.tolist()


def times_linear(polynomial: Tensor, slope: float) -> Tensor:
    """Return the polynomial times 1 + slope·z."""
    zero = polynomial.new_zeros(1)
    return torch.cat([polynomial, zero]) + slope * torch.cat([zero, polynomial])


def taylor_polynomials(degree: int = TAYLOR_DEGREE) -> tuple[list[float], list[float]]:
    """Return the Taylor coefficients of √(1 − z) and of 1/√(1 − z), lowest power first."""
    inverse = [math.comb(2 * k, k) / 4**k for k in range(degree + 1)]
    return [c / (1 - 2 * k) for k, c in enumerate(inverse)], inverse


def polynomials(z: Tensor, *coefficients: list[float]) -> list[Tensor]:
    """Return polynomials of z by its powers, one product each.

    The last power is computed and not used, as in the authors' code and in their count of products.
    """
    identity = torch.eye(z.shape[-1], dtype=z.dtype, device=z.device)
    sums = [c[0] * identity for c in coefficients]
    power = z
    for k in range(1, len(coefficients[0])):
        sums = [s + c[k] * power for s, c in zip(sums, coefficients, strict=True)]
        power = power @ z
    return sums


def norm(a: Tensor) -> Tensor:
    """Return the Frobenius norm of each matrix."""
    return torch.linalg.vector_norm(a, dim=(-2, -1), keepdim=True)


def lyapunov_steps(b: Tensor, c: Tensor, steps: int = LYAPUNOV_STEPS) -> Tensor:
    """Return the result of a number of steps of the iteration for b·l + l·b = c."""
    three = 3 * torch.eye(b.shape[-1], dtype=b.dtype, device=b.device)
    for _ in range(steps):
        square = b @ b
        c = 0.5 * (c @ (three - square) - square @ c + b @ c @ b)
        b = 0.5 * b @ (three - square)
    return c / 2


class PublishedRoot(Function):
    """A root by `approximate` of the normalised matrix, with the published backward."""

    @staticmethod
    def forward(ctx, a: Tensor, approximate: Callable[[Tensor], Tensor], steps: int) -> Tensor:
        """Return the root."""
        scale = norm(a)
        identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
        root = approximate(identity - a / scale) * scale.sqrt()
        ctx.steps = steps
        ctx.save_for_backward(root, scale)
        return root

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradient of the matrix."""
        root, scale = ctx.saved_tensors
        return lyapunov_steps(root / scale.sqrt(), grads[0] / scale.sqrt(), ctx.steps), None, None


def pade_quotient(z: Tensor, degree: int) -> Tensor:
    """Return q(z)⁻¹·p(z)."""
    p, q = polynomials(z, *pade_polynomials(degree))
    return torch.linalg.solve(q, p)


def published_mpa(a: Tensor, *, degree: int = PADE_DEGREE, steps: int = LYAPUNOV_STEPS) -> Tensor:
    """Return the root by one [degree/degree] Padé approximant, with Lyapunov steps backward: MPA-Lya."""
    return PublishedRoot.apply(a, lambda z: pade_quotient(z, degree), steps)


def published_mtp(a: Tensor, *, degree: int = TAYLOR_DEGREE, steps: int = LYAPUNOV_STEPS) -> Tensor:
    """Return the root by a Taylor polynomial: MTP-Lya."""
    return PublishedRoot.apply(a, lambda z: polynomials(z, taylor_polynomials(degree)[0])[0], steps)


def newton_schulz_pair(a: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Return the iterates of a^(1/2) and a^(-1/2) for a of norm one."""
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    y, z = a, identity.expand_as(a)
    for _ in range(steps):
        half = 0.5 * (3 * identity - z @ y)
        y, z = y @ half, half @ z
    return y, z


def published_newton_schulz(a: Tensor, *, steps: int = NEWTON_STEPS) -> Tensor:
    """Return the root by coupled Newton–Schulz steps, differentiated by autograd."""
    scale = norm(a)
    return newton_schulz_pair(a / scale, steps)[0] * scale.sqrt()


def published_newton_schulz_lyapunov(a: Tensor, *, steps: int = NEWTON_STEPS, lyapunov: int = LYAPUNOV_STEPS) -> Tensor:
    """Return the same root with the Lyapunov steps backward: NS-Lya."""
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    return PublishedRoot.apply(a, lambda z: newton_schulz_pair(identity - z, steps)[0], lyapunov)
