"""The Lyapunov equation x·l + l·x = c, whose solution is the derivative of the square root.

Its own derivatives are Lyapunov equations with the same x, so it provides gradients of every order.
"""

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.arguments import check_tensor
from styler.matrix_sqrt.eigh import default_rank_tol, eigenpairs, reciprocal
from styler.matrix_sqrt.matrix_sign import sign_quotient
from styler.matrix_sqrt.precision import in_working_precision, without_autocast
from styler.matrix_sqrt.scaling import power_of_four, symmetric


def lyapunov(a: Tensor, c: Tensor, *, method: Literal["eigh", "sign"] = "eigh") -> Tensor:
    """Return x with a·x + x·a = c.

    Where a is singular, the block of x from null space to null space is zero.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`.
        c: Any matrices, `(..., n, n)`; leading axes broadcast with those of a.
        method: "sign" needs matrix products only (fast on a GPU), "eigh" an eigendecomposition.

    Raises:
        ValueError: If an argument is not a tensor, or the shapes do not fit.
    """
    check_tensor(a, name="a")
    check_tensor(c, name="c")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2] or c.shape[-2:] != a.shape[-2:]:
        raise ValueError(f"expected a and c of shapes (..., n, n), got {tuple(a.shape)} and {tuple(c.shape)}")
    if a.shape[-1] == 0:
        return a @ c
    dtype = torch.promote_types(a.dtype, c.dtype)
    with without_autocast(a):
        a, c = torch.broadcast_tensors(*(in_working_precision(t.to(dtype)) for t in (a, c)))
        scale = power_of_four(a)
        a = symmetric(a / scale)
        pairs = root_eigenpairs(a.detach()) if method == "eigh" else (None, None)
        return (solve_lyapunov(a, c, Basis(*pairs)) / scale).to(dtype)


def root_eigenpairs(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvectors and eigenvalues of a root, the latter zero where they are round-off."""
    finite = x.isfinite().all(-1).all(-1)[..., None]
    values, vectors = eigenpairs(x.masked_fill(~finite[..., None], 0))
    threshold = default_rank_tol(values) * values.abs().amax(-1, keepdim=True)
    return vectors, values.masked_fill(values <= threshold, 0).masked_fill(~finite, torch.nan)


class Basis(NamedTuple):
    """Eigenpairs of a root, for those matrices that are `known` (None: for all), or for none."""

    vectors: Tensor | None = None
    values: Tensor | None = None
    known: Tensor | None = None


def solve_lyapunov(x: Tensor, c: Tensor, basis: Basis) -> Tensor:
    """Return the solution, by eigenpairs of x where they are given; differentiable in x and c to any order."""
    # The compiler does not trace a Function that defines jvp.
    function = LyapunovSolution if torch.compiler.is_compiling() else ForwardLyapunovSolution
    with without_autocast(x):
        return function.apply(x, c, *basis)


def quotient(x: Tensor, c: Tensor, basis: Basis) -> Tensor:
    """Return the solution in the eigenbasis where that is known, by the sign function elsewhere."""
    vectors, values, known = basis
    if vectors is None or values is None:
        return sign_quotient(x, c)
    spectral = spectral_quotient(c, vectors, values)
    return spectral if known is None else torch.where(known[..., None, None], spectral, sign_quotient(x, c))


def spectral_quotient(c: Tensor, vectors: Tensor, values: Tensor) -> Tensor:
    """Return Q·(QᴴcQ/(λi + λj))·Qᴴ, with 0 where λi = λj = 0."""
    kernel = reciprocal(values[..., :, None] + values[..., None, :])
    return vectors @ (kernel * (vectors.mH @ c @ vectors)) @ vectors.mH


class LyapunovSolution(Function):
    """The solution as a function of x and c; the eigenpairs of x are used to compute it."""

    @staticmethod
    def forward(x, c, *basis):
        """Return the outputs, outside differentiation."""
        return quotient(x, c, Basis(*basis))

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Save the tensors that the derivatives need."""
        x, _, *basis = inputs
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, output, *basis)
        ctx.save_for_forward(x, output, *basis)

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradients of the inputs."""
        if grads[0] is None:
            return None, None, None, None, None
        x, solution, *basis = ctx.saved_tensors
        adjoint = solve_lyapunov(x, grads[0], Basis(*basis))
        with without_autocast(x):
            return -(adjoint @ solution.mH + solution.mH @ adjoint), adjoint, None, None, None

    @staticmethod
    def vmap(info, in_dims, *tensors):
        """Apply to the whole batch at once."""
        moved = (batch_first(t, dim, info.batch_size) for t, dim in zip(tensors, in_dims, strict=True))
        return ForwardLyapunovSolution.apply(*moved), 0


class ForwardLyapunovSolution(LyapunovSolution):
    """The same with forward-mode derivatives."""

    @staticmethod
    def jvp(ctx, *tangents):
        """Return the tangents of the outputs."""
        x_dot, c_dot, *_ = tangents
        x, solution, *basis = ctx.saved_tensors
        right = torch.zeros_like(solution) if c_dot is None else c_dot
        if x_dot is not None:
            right = right - x_dot @ solution - solution @ x_dot
        return solve_lyapunov(x, right, Basis(*basis))


def batch_first(tensor: Tensor | None, dim: int | None, size: int) -> Tensor | None:
    """Return an argument of a vmapped Function with its batch axis first."""
    if tensor is None:
        return None
    return tensor.expand(size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
