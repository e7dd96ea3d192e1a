"""Distance and optimal map between Gaussians, that is between their covariances.

Reference:
    Bhatia, Jain, Lim, On the Bures-Wasserstein distance between positive definite matrices (2019), eq. 3 and
    34. arXiv:1712.01504
"""

from typing import Literal

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.arguments import check_matrix
from styler.matrix_sqrt.coupled_transport import checked, product_transport
from styler.matrix_sqrt.eigh import default_rank_tol, reciprocal
from styler.matrix_sqrt.inverse_root import inv_sqrtm
from styler.matrix_sqrt.lyapunov_equation import batch_first
from styler.matrix_sqrt.precision import without_autocast
from styler.matrix_sqrt.root import sqrtm
from styler.matrix_sqrt.scaling import power_of_four, symmetric


def bures_wasserstein(a: Tensor, b: Tensor) -> Tensor:
    """Return the squared distance tr a + tr b − 2·tr (a^(1/2)·b·a^(1/2))^(1/2), at least zero.

    Computed in double precision as min ‖a^(1/2) − u·b^(1/2)‖² over unitary u, which does not cancel where
    the covariances are near each other, and has a gradient where they are singular. Eigenvalues that the
    dtype of the arguments cannot tell from zero, up to max(8, √n)·eps of the largest, are taken for zero.

    Args:
        a: Covariances, `(..., n, n)`, of any rank.
        b: Covariances, `(..., n, n)`; leading axes broadcast with those of a.

    Returns:
        Distances, `(...)`, in the dtype of the arguments.

    Raises:
        ValueError: As `sqrtm`, or if the shapes do not fit.
    """
    dtype, eps, a, b = doubled(a, b)
    if a.shape[-1] == 0:
        return (a.real.sum((-2, -1)) + b.real.sum((-2, -1))).to(dtype)
    with without_autocast(a):
        scale = power_of_four(a).maximum(power_of_four(b))
        distance, *_ = SquaredDistance.apply(a / scale, b / scale, eps)
        return (distance * scale[..., 0, 0]).to(dtype)


def transport(a: Tensor, b: Tensor, *, method: Literal["eigh", "products"] = "eigh") -> Tensor:
    """Return the map t, Hermitian, with t·a·t = b that takes N(0, a) to N(0, b) at least cost.

    t = b^(1/2)·(b^(1/2)·a·b^(1/2))^(-1/2)·b^(1/2): `a` is not inverted, and where it is singular (or b is)
    unreachable directions are mapped to zero.

    Args:
        a: Covariances, `(..., n, n)`.
        b: Covariances, `(..., n, n)`; leading axes broadcast with those of a. It may be of another precision,
            and is then treated as that exact.
        method: "eigh" computes in double precision and has gradients; "products" computes by matrix products alone,
            in the precision of the arguments, without gradients or host synchronisation, for positive definite `a`.

    Raises:
        ValueError: As `sqrtm`, or if the shapes do not fit.
    """
    if method == "products":
        matrices = checked(a, b)
        with without_autocast(a):
            return product_transport(*matrices).to(torch.promote_types(a.dtype, b.dtype))
    if method != "eigh":
        raise ValueError(f"expected method eigh or products, got {method!r}")
    _, _, doubled_a, doubled_b = doubled(a, b)
    eps, eps_b = (torch.finfo(x.dtype).eps for x in (a, b))
    with without_autocast(a):
        return differentiable_transport(doubled_a, doubled_b, eps, eps_b).to(torch.promote_types(a.dtype, b.dtype))


def doubled(a: Tensor, b: Tensor) -> tuple[torch.dtype, float, Tensor, Tensor]:
    """Return the real dtype of the arguments, its eps, and both in double precision with the same axes."""
    check_matrix(a)
    check_matrix(b, name="b")
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"expected a and b of the same size, got {tuple(a.shape)} and {tuple(b.shape)}")
    dtype = torch.promote_types(a.dtype, b.dtype)
    double = torch.complex128 if dtype.is_complex else torch.float64
    a, b = torch.broadcast_tensors(a.to(double), b.to(double))
    return dtype.to_real() if dtype.is_complex else dtype, torch.finfo(dtype).eps, a, b


def known_root(a: Tensor, eps: float) -> Tensor:
    """Return the root of `a` at the accuracy of its original precision `eps`.

    Round-off of a null eigenvalue, that small beside the largest, has a root that is not small: the distance
    would be off by √eps, and its gradient by 1/√eps.
    """
    return sqrtm(a, round_off=eps**0.5, rank_tol=default_rank_tol(a) / torch.finfo(a.dtype).eps * eps)


def differentiable_transport(a: Tensor, b: Tensor, eps: float, eps_b: float) -> Tensor:
    """Return the map, differentiable to any order; `eps` and `eps_b` are those of the original precisions."""
    root_a, root_b = known_root(a, eps), known_root(b, eps_b)
    half = root_a @ root_b
    return symmetric(root_b @ inv_sqrtm(symmetric(half.mH @ half)) @ root_b)


def spectral_transports(a: Tensor, b: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return the squared distance and the maps from a to b and back, from one singular decomposition.

    With a^(1/2)·b^(1/2) = w·s·vᴴ the maps are b^(1/2)·v·s⁻¹·vᴴ·b^(1/2) and a^(1/2)·w·s⁻¹·wᴴ·a^(1/2).
    """
    root_a, root_b = known_root(a, eps), known_root(b, eps)
    product = root_a @ root_b
    finite = product.isfinite().all(-1).all(-1)[..., None, None]
    w, s, vh = torch.linalg.svd(product.masked_fill(~finite, 0))
    s = s.masked_fill(~finite[..., 0], torch.nan)
    kept = s.masked_fill(s <= default_rank_tol(s) * s.amax(-1, keepdim=True), 0)
    distance = (root_a - w @ (vh @ root_b)).abs().square().sum((-2, -1))
    towards = root_b @ vh.mH
    back = root_a @ w
    weights = reciprocal(kept)[..., None, :]
    return distance, (towards * weights) @ towards.mH, (back * weights) @ back.mH


class SquaredDistance(Function):
    """(a, b) -> squared distance, whose gradient is 1 minus the optimal map."""

    @staticmethod
    def forward(a, b, eps):
        """Return the distance, and the maps as what the gradient needs."""
        return spectral_transports(a, b, eps)

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Keep the arguments for gradients of gradients, the maps for the first."""
        ctx.mark_non_differentiable(*output[1:])
        *matrices, ctx.eps = inputs
        ctx.save_for_backward(*matrices, *output[1:])

    @staticmethod
    def backward(ctx, *grads):
        """Return grad·(1 − map) for both arguments."""
        a, b, towards, back = ctx.saved_tensors
        if torch.is_grad_enabled():
            towards, back = (differentiable_transport(*pair, ctx.eps, ctx.eps) for pair in ((a, b), (b, a)))
        identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
        grad = grads[0][..., None, None]
        return grad * (identity - towards), grad * (identity - back), None

    @staticmethod
    def vmap(info, in_dims, *inputs):
        """Apply to the whole batch at once."""
        *matrices, eps = inputs
        moved = (batch_first(t, dim, info.batch_size) for t, dim in zip(matrices, in_dims[:2], strict=True))
        return SquaredDistance.apply(*moved, eps), (0, 0, 0)
