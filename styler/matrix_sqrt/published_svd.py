"""Roots by singular value decomposition as published, with different gradients; for benchmarks only.

`svd_gradients` has those that the second paper compares; here are the baselines of the first.
"""

from functools import partial

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.svd_gradients import expanded_quotients

CLIP = 100.0
"""Bound on the entries of the gradient; the papers name none."""
POWER_STEPS = 19
"""Power iterations that the gradient goes through, one of the numbers that the authors of SVD-PI tried."""


def published_svd(a: Tensor, *, power: float = 0.5) -> Tensor:
    """Return a^power, differentiated by autograd; 0.5 or −0.5."""
    u, s, _ = torch.linalg.svd(a)
    return (u * (s**power)[..., None, :]) @ u.mH


def published_svd_clip(a: Tensor, *, power: float = 0.5) -> Tensor:
    """Return the same, with every entry of the gradient within ±100: SVD-Clip."""
    clipped = a * 1
    if clipped.requires_grad:
        clipped.register_hook(lambda grad: grad.clamp(-CLIP, CLIP))
    return published_svd(clipped, power=power)


def published_svd_power_iteration(a: Tensor, *, power: float = 0.5) -> Tensor:
    """Return the same, its gradient that of power iterations from the eigenvectors: SVD-PI."""
    return PowerIterationSVD.apply(a, power)


class PowerIterationSVD(Function):
    """A power by SVD forward; backward, eigenvectors are what power iterations with deflation return.

    A step of v ↦ a·v/‖a·v‖ at an eigenvector multiplies a perturbation along another by λj/λi. So many steps
    give (1 + λj/λi + …)/λi in the place of 1/(λi − λj): finite where eigenvalues repeat, and off there.

    Reference:
        Wang et al., Backpropagation-Friendly Eigendecomposition (2019), eq. 9. arXiv:1906.09023
    """

    @staticmethod
    def forward(ctx, a: Tensor, power: float) -> Tensor:
        """Return the power."""
        u, s, _ = torch.linalg.svd(a)
        ctx.power = power
        ctx.save_for_backward(u, s)
        return (u * (s**power)[..., None, :]) @ u.mH

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradient of the matrix."""
        u, s = ctx.saved_tensors
        f = s**ctx.power
        quotients = expanded_quotients(s, partial(power_sum, steps=POWER_STEPS))
        kernel = (f[..., :, None] - f[..., None, :]) * quotients + torch.diag_embed(ctx.power * f / s)
        return u @ (kernel * (u.mH @ grads[0] @ u)) @ u.mH, None


def power_sum(x: Tensor, *, steps: int) -> Tensor:
    """Return 1 + x + … + x^steps, by Horner's rule."""
    total = torch.ones_like(x)
    for _ in range(steps):
        total = 1 + x * total
    return total
