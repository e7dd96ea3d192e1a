"""The inverse square roots as published, for benchmarks only.

Reference:
    Song, Sebe, Wang (2022), arXiv:2201.12543: MPA and MTP of a^(-1/2), and the Lyapunov equation of its gradient.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.published import (
    LYAPUNOV_STEPS,
    NEWTON_STEPS,
    PADE_DEGREE,
    TAYLOR_DEGREE,
    lyapunov_steps,
    newton_schulz_pair,
    norm,
    pade_polynomials,
    polynomials,
    taylor_polynomials,
)


class PublishedInverse(Function):
    """An inverse root z by `approximate` of the normalised matrix, with the published backward.

    From z·ż + ż·z = d(a⁻¹) and d(a⁻¹) = −a⁻¹·ȧ·a⁻¹ the gradient solves z·l + l·z = −z²·g·z²: three products
    more than that of the root. As in the authors' code one norm, of the whole batch, scales z for it.
    """

    @staticmethod
    def forward(ctx, a: Tensor, approximate: Callable[[Tensor], Tensor], steps: int) -> Tensor:
        """Return the inverse root."""
        scale = norm(a)
        identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
        inverse = approximate(identity - a / scale) / scale.sqrt()
        ctx.steps = steps
        ctx.save_for_backward(inverse)
        return inverse

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradient of the matrix."""
        (inverse,) = ctx.saved_tensors
        square = inverse @ inverse
        right = -square @ grads[0] @ square
        scale = torch.linalg.vector_norm(inverse)
        return lyapunov_steps(inverse / scale, right / scale, ctx.steps), None, None


def inverse_pade_quotient(z: Tensor, degree: int) -> Tensor:
    """Return p(z)⁻¹·q(z), near 1/√(1 − z)."""
    p, q = polynomials(z, *pade_polynomials(degree))
    return torch.linalg.solve(p, q)


def published_mpa_inverse(a: Tensor, *, degree: int = PADE_DEGREE, steps: int = LYAPUNOV_STEPS) -> Tensor:
    """Return the inverse root by one Padé approximant: MPA-Lya-Inv."""
    return PublishedInverse.apply(a, lambda z: inverse_pade_quotient(z, degree), steps)


def published_mtp_inverse(a: Tensor, *, degree: int = TAYLOR_DEGREE, steps: int = LYAPUNOV_STEPS) -> Tensor:
    """Return the inverse root by a Taylor polynomial: MTP-Lya-Inv."""
    return PublishedInverse.apply(a, lambda z: polynomials(z, taylor_polynomials(degree)[1])[0], steps)


def published_newton_schulz_inverse(a: Tensor, *, steps: int = NEWTON_STEPS) -> Tensor:
    """Return the inverse root by coupled Newton–Schulz steps, differentiated by autograd."""
    scale = norm(a)
    return newton_schulz_pair(a / scale, steps)[1] / scale.sqrt()


def published_newton_schulz_lyapunov_inverse(
    a: Tensor, *, steps: int = NEWTON_STEPS, lyapunov: int = LYAPUNOV_STEPS
) -> Tensor:
    """Return the same inverse root with the Lyapunov steps backward."""
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    return PublishedInverse.apply(a, lambda z: newton_schulz_pair(identity - z, steps)[1], lyapunov)
