"""The p-th roots as one differentiable function of the matrix."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.eigenbasis import inverse_differential
from styler.matrix_sqrt.lyapunov_equation import root_eigenpairs
from styler.matrix_sqrt.power_sum_equation import solve_power_sum
from styler.matrix_sqrt.precision import without_autocast
from styler.matrix_sqrt.pth_root_solving import PthRoots
from styler.matrix_sqrt.scaling import symmetric


def differentiable_pth_roots(a: Tensor, solve: Callable[[Tensor], PthRoots], *, p: int) -> PthRoots:
    """Return `solve(a)`, differentiable in `a` to any order."""
    # The compiler does not trace a Function that defines jvp.
    function = PthRootPair if torch.compiler.is_compiling() else ForwardPthRootPair
    return PthRoots(*function.apply(a, solve, p))


class PthRootPair(Function):
    """a -> (x = a^(1/p), a^(-1/p), eigenpairs), whose derivative solves Σ x^k·ẋ·x^(p−1−k) = ȧ."""

    @staticmethod
    def forward(a, solve, p):
        """Return the outputs, outside differentiation."""
        return tuple(solve(a))

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Save the tensors that the derivatives need."""
        _, _, ctx.p = inputs
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(t for t in output[2:] if t is not None))
        ctx.save_for_backward(*output)
        ctx.save_for_forward(*output)

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradients of the inputs."""
        grad_root, grad_inverse, *_ = grads
        if grad_root is None and grad_inverse is None:
            return None, None, None
        root, inverse, *pairs = ctx.saved_tensors
        with without_autocast(root):
            right = grad_root
            if grad_inverse is not None:
                through = inverse_differential(root, inverse, symmetric(grad_inverse))
                right = through if right is None else right + through
            return solve_power_sum(root, symmetric(right), *eigenpairs_of(root, *pairs), p=ctx.p), None, None

    @staticmethod
    def vmap(info, in_dims, *inputs):
        """Apply to the whole batch at once."""
        a, solve, p = inputs
        roots = differentiable_pth_roots(a.movedim(in_dims[0], 0), solve, p=p)
        return tuple(roots), tuple(None if t is None else 0 for t in roots)


class ForwardPthRootPair(PthRootPair):
    """The same with forward-mode derivatives."""

    @staticmethod
    def jvp(ctx, *tangents):
        """Return the tangents of the outputs."""
        root, inverse, *pairs = ctx.saved_tensors
        root_dot = solve_power_sum(root, symmetric(tangents[0]), *eigenpairs_of(root, *pairs), p=ctx.p)
        return root_dot, inverse_differential(root, inverse, root_dot), None, None


def eigenpairs_of(root: Tensor, vectors: Tensor | None, values: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the eigenpairs of a root, found where the method has none."""
    return root_eigenpairs(root.detach()) if vectors is None or values is None else (vectors, values)
