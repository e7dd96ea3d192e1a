"""The equation Σ x^k·l·x^(p−1−k) = c over k < p, whose solution is the derivative of the p-th root x.

For p = 2 it is the Lyapunov equation. Its own derivatives are equations of the same kind with the same x, so
so it provides gradients of every order.
"""

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.eigh import reciprocal
from styler.matrix_sqrt.lyapunov_equation import batch_first
from styler.matrix_sqrt.precision import without_autocast


def solve_power_sum(x: Tensor, c: Tensor, vectors: Tensor, values: Tensor, *, p: int) -> Tensor:
    """Return the solution, zero from null space to null space; differentiable in x and c to any order.

    Args:
        x: Hermitian positive semidefinite, `(..., n, n)`.
        c: Any matrices, `(..., n, n)`.
        vectors: Eigenvectors of x, `(..., n, n)`.
        values: Its eigenvalues, `(..., n)`, zero where they count as null.
        p: Number of terms, 2 or more.
    """
    # The compiler does not trace a Function that defines jvp.
    function = PowerSumSolution if torch.compiler.is_compiling() else ForwardPowerSumSolution
    with without_autocast(x):
        return function.apply(x, c, vectors, values, p)


def divided_differences(values: Tensor, p: int) -> Tensor:
    """Return (λi − λj)/(λi^p − λj^p) as 1/Σ λi^k·λj^(p−1−k): no differences; 0 where both are zero.

    Reference:
        Higham, Functions of Matrices (2008), theorem 3.11, the kernel of Daleckii and Krein.
    """
    rows, columns = values[..., :, None], values[..., None, :]
    total = rows + columns
    power = columns
    for _ in range(p - 2):
        power = power * columns
        total = total * rows + power
    return reciprocal(total)


def power_sum_differential(x: Tensor, l: Tensor, x_dot: Tensor, p: int) -> Tensor:  # noqa: E741
    """Return the differential of Σ x^k·l·x^(p−1−k) in x: the sum of x^i·(ẋ·x^m·l + l·x^m·ẋ)·x^j, i + m + j = p − 2."""
    total, right, left = torch.zeros_like(l), x_dot, l
    for m in range(p - 1):
        inner = right @ l + left @ x_dot
        total = total + spread(x, inner, p - 2 - m)
        right, left = right @ x, left @ x
    return total


def spread(x: Tensor, inner: Tensor, degree: int) -> Tensor:
    """Return the sum of x^i·inner·x^j over i + j = degree."""
    total = inner
    for _ in range(degree):
        inner = inner @ x
        total = x @ total + inner
    return total


class PowerSumSolution(Function):
    """The solution as a function of x and c; the eigenpairs of x are used to compute it."""

    @staticmethod
    def forward(x, c, vectors, values, p):
        """Return the outputs, outside differentiation."""
        return vectors @ (divided_differences(values, p) * (vectors.mH @ c @ vectors)) @ vectors.mH

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Save the tensors that the derivatives need."""
        x, _, vectors, values, ctx.p = inputs
        ctx.save_for_backward(x, output, vectors, values)
        ctx.save_for_forward(x, output, vectors, values)

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradients of the inputs."""
        x, solution, vectors, values = ctx.saved_tensors
        adjoint = solve_power_sum(x, grads[0], vectors, values, p=ctx.p)
        with without_autocast(x):
            return -power_sum_differential(x, solution.mH, adjoint, ctx.p), adjoint, None, None, None

    @staticmethod
    def vmap(info, in_dims, *inputs):
        """Apply to the whole batch at once."""
        *tensors, p = inputs
        moved = (batch_first(t, dim, info.batch_size) for t, dim in zip(tensors, in_dims[:4], strict=True))
        return ForwardPowerSumSolution.apply(*moved, p), 0


class ForwardPowerSumSolution(PowerSumSolution):
    """The same with forward-mode derivatives."""

    @staticmethod
    def jvp(ctx, *tangents):
        """Return the tangents of the outputs."""
        x_dot, c_dot, *_ = tangents
        x, solution, vectors, values = ctx.saved_tensors
        right = torch.zeros_like(solution) if c_dot is None else c_dot
        if x_dot is not None:
            right = right - power_sum_differential(x, solution, x_dot, ctx.p)
        return solve_power_sum(x, right, vectors, values, p=ctx.p)
