"""The roots as their authors published them, kept to be measured against; not for use.

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


def pade_polynomials(degree: int = 5) -> tuple[list[float], list[float]]:
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


PADE_P, PADE_Q = pade_polynomials()
TAYLOR = [math.comb(2 * k, k) / 4**k / (1 - 2 * k) for k in range(11)]


def polynomials(z: Tensor, *coefficients: list[float]) -> list[Tensor]:
    """Return polynomials of z by its powers, one product each."""
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


def lyapunov_steps(b: Tensor, c: Tensor) -> Tensor:
    """Return eight steps of the iteration for b·l + l·b = c."""
    three = 3 * torch.eye(b.shape[-1], dtype=b.dtype, device=b.device)
    for _ in range(LYAPUNOV_STEPS):
        square = b @ b
        c = 0.5 * (c @ (three - square) - square @ c + b @ c @ b)
        b = 0.5 * b @ (three - square)
    return c / 2


class PublishedRoot(Function):
    """A root by `approximate` of the normalised matrix, with the published backward."""

    @staticmethod
    def forward(ctx, a: Tensor, approximate: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the root."""
        scale = norm(a)
        identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
        root = approximate(identity - a / scale) * scale.sqrt()
        ctx.save_for_backward(root, scale)
        return root

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradient of the matrix."""
        root, scale = ctx.saved_tensors
        return lyapunov_steps(root / scale.sqrt(), grads[0] / scale.sqrt()), None


def pade_quotient(z: Tensor) -> Tensor:
    """Return q(z)⁻¹·p(z)."""
    p, q = polynomials(z, PADE_P, PADE_Q)
    return torch.linalg.solve(q, p)


def published_mpa(a: Tensor) -> Tensor:
    """Return the root by one [5/5] Padé approximant."""
    return PublishedRoot.apply(a, pade_quotient)


def published_mtp(a: Tensor) -> Tensor:
    """Return the root by the Taylor polynomial of degree 10."""
    return PublishedRoot.apply(a, lambda z: polynomials(z, TAYLOR)[0])


def published_newton_schulz(a: Tensor) -> Tensor:
    """Return the root by five coupled Newton-Schulz steps, differentiated as they stand."""
    scale = norm(a)
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    y, z = a / scale, identity.expand_as(a)
    for _ in range(5):
        half = 0.5 * (3 * identity - z @ y)
        y, z = y @ half, half @ z
    return y * scale.sqrt()


def published_svd(a: Tensor) -> Tensor:
    """Return the root by singular value decomposition, differentiated as it stands."""
    u, s, _ = torch.linalg.svd(a)
    return (u * s.sqrt()[..., None, :]) @ u.mH
