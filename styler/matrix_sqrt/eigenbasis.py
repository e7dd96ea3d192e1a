"""Derivatives of the roots by products with kernels: in the eigenbasis at once, or from the derivative of the root."""

import torch
from torch import Tensor

from styler.matrix_sqrt.eigh import product, reciprocal
from styler.matrix_sqrt.solution import some


def inverse_differential(root: Tensor, inverse: Tensor, root_dot: Tensor) -> Tensor:
    """Return the differential of the inverse root; self-adjoint, so it serves both directions.

    It is −z·ẋ·z on the range. Between range and null space it is that of the pseudo-inverse of a matrix that
    keeps its rank.
    """
    null = torch.eye(root.shape[-1], dtype=root.dtype, device=root.device) - inverse @ root
    outward = inverse @ (inverse @ (root_dot @ null))
    return outward + outward.mH - inverse @ root_dot @ inverse


def spectral_gradient(
    grad_root: Tensor | None, grad_inverse: Tensor | None, vectors: Tensor, values: Tensor, *, full_rank: bool
) -> Tensor:
    """Return the same gradient as the Lyapunov equation gives, at once in the eigenbasis; first order only.

    The kernels of Daleckii and Krein: 1/(√λi + √λj), and −1/(√λi·√λj·(√λi + √λj)) for the inverse.
    """
    sums = values.unsqueeze(-1) + values.unsqueeze(-2)
    adjoint = vectors.mH
    if not full_rank:
        sums.masked_fill_(sums == 0, torch.inf)
    if grad_inverse is None:
        inner = product(product(adjoint, some(grad_root)), vectors)
    elif full_rank and grad_root is None:
        inverted = vectors / values.unsqueeze(-2)
        inner = product(product(inverted.mH, grad_inverse), inverted).neg_()
    else:
        inner = through_inverse(grad_inverse, vectors, values)
        inner = inner if grad_root is None else inner + product(product(adjoint, grad_root), vectors)
    half = half_product(product(vectors, inner.div_(sums)), adjoint)
    return half + half.mH


def half_product(x: Tensor, y: Tensor) -> Tensor:
    """Return x·y/2 of square matrices, in one kernel where the batch is flat."""
    if x.ndim > 3:
        return 0.5 * (x @ y)
    return (torch.baddbmm if x.ndim == 3 else torch.addmm)(x, x, y, beta=0, alpha=0.5)


def through_inverse(grad: Tensor, vectors: Tensor, values: Tensor) -> Tensor:
    """Return the gradient of the inverse root as one of the root, in the eigenbasis."""
    inverses = reciprocal(values)
    null = (values == 0).to(values.dtype)
    outward = inverses.square()[..., :, None] * null[..., None, :]
    kernel = outward + outward.mT - inverses[..., :, None] * inverses[..., None, :]
    return kernel * product(product(vectors.mH, grad), vectors)
