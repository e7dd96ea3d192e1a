"""The pair of roots as one differentiable function of the matrix."""

from functools import partial
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.eigenbasis import inverse_differential, spectral_gradient
from styler.matrix_sqrt.eigh import spectral_product
from styler.matrix_sqrt.lyapunov_equation import Basis, root_eigenpairs, solve_lyapunov
from styler.matrix_sqrt.precision import without_autocast
from styler.matrix_sqrt.scaling import power_of_four, symmetric
from styler.matrix_sqrt.solution import Solution, some
from styler.matrix_sqrt.svd_gradients import newton_gradient, svd_gradient
from styler.matrix_sqrt.tracing import has_tangent, transforms_are_active

Backward = Literal[
    "auto",
    "eigh",
    "lyapunov",
    "autograd",
    "svd",
    "svd_trunc",
    "svd_topn",
    "svd_taylor",
    "svd_pade",
    "svd_newton",
]


class Solver(Protocol):
    """A function that computes the root, the inverse root or both of a batch."""

    def __call__(self, a: Tensor, *, root: bool, inverse: bool) -> Solution:
        """Return the solution."""
        ...


def differentiable_roots(a: Tensor, solve: Solver, *, root: bool, inverse: bool, backward: Backward) -> Solution:
    """Return what `solve` returns for `a`, differentiable in `a`; see `sqrtm_pair` for the choices of `backward`."""
    if torch.compiler.is_compiling():
        function = RootPair  # The compiler does not trace a Function that defines jvp.
    elif transforms_are_active() or has_tangent(a):
        function = ForwardRootPair  # differentiates at the root
    else:
        # Only in the eigenbasis does the gradient of the inverse root not need the root.
        root = root or backward not in ("auto", "eigh")
        return differentiable_solution(a, solve(a.detach(), root=root, inverse=inverse), solve, backward)
    return Solution(*function.apply(a, partial(solve, root=True, inverse=inverse), backward))


def differentiable_solution(a: Tensor, solution: Solution, solve: Solver, backward: Backward) -> Solution:
    """Return the solution found for `a`, its roots differentiable in reverse mode."""
    root, inverse = FoundRootPair.apply(a, solution, solve, backward)
    return solution._replace(root=root, inverse=inverse)


class RootPair(Function):
    """a -> (a^(1/2), a^(-1/2), eigenpairs, ...), whose derivative solves x·ẋ + ẋ·x = ȧ.

    Reference:
        Song, Sebe, Wang (2022), eq. 17-19. arXiv:2201.08663
    """

    @staticmethod
    def forward(a, solve, backward):
        """Return the outputs, outside differentiation."""
        return tuple(solve(a))

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Save the tensors that the derivatives need."""
        a, solve, variant = inputs
        ctx.mark_non_differentiable(*(t for t in output[2:-1] if t is not None))
        ctx.save_for_forward(*save_for_backward(ctx, a, output, solve, variant))

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradients of the inputs."""
        grad_root, grad_inverse, *_ = grads
        if grad_root is None and grad_inverse is None:
            return None, None, None
        # Unpacked once: activation checkpointing recomputes them, and frees each after its first use.
        root, inverse, vectors, values, known, a = ctx.saved_tensors
        with without_autocast(grad_root if grad_inverse is None else grad_inverse):
            if torch.is_grad_enabled():
                root = root_again(ctx, a) if root is None else root
            elif ctx.full_rank and ctx.variant in ("auto", "eigh"):
                return spectral_gradient(grad_root, grad_inverse, vectors, values, full_rank=True), None, None
            basis = Basis(vectors, values, known)
            options = {"variant": ctx.variant, "full_rank": ctx.full_rank}
            return root_gradient(grad_root, grad_inverse, root, inverse, basis, a, **options), None, None

    @staticmethod
    def vmap(info, in_dims, *inputs):
        """Apply to the whole batch at once."""
        a, solve, backward = inputs
        function = ForwardRootPair if transforms_are_active() else RootPair
        solution = function.apply(a.movedim(in_dims[0], 0), solve, backward)
        return tuple(solution), tuple(0 if isinstance(t, Tensor) else None for t in solution)


class ForwardRootPair(RootPair):
    """The same with forward-mode derivatives."""

    @staticmethod
    def jvp(ctx, *tangents):
        """Return the tangents of the outputs."""
        root, inverse, *basis, _ = ctx.saved_tensors
        x, basis = gradient_basis(root, Basis(*basis), ctx.variant)
        x = some(x)
        root_dot = solve_lyapunov(x, symmetric(tangents[0]), basis)
        inverse_dot = None if inverse is None else inverse_differential(x, inverse, root_dot)
        return root_dot, inverse_dot, None, None, None, None, None, None


class FoundRootPair(Function):
    """The same for roots found before, in reverse mode alone: torch.func's protocol costs a small root 20 µs of 200."""

    @staticmethod
    def forward(ctx, a, solution, solve, backward):
        """Return the roots and save the tensors that the derivatives need."""
        save_for_backward(ctx, a, solution, solve, backward)
        return solution.root, solution.inverse

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradients of the inputs."""
        return *RootPair.backward(ctx, *grads), None


def save_for_backward(ctx, a, solution, solve, variant) -> tuple[Tensor | None, ...]:
    """Save what the gradient needs, and return the tensors among it."""
    root, inverse, vectors, values, _, _, known, ctx.full_rank = solution
    ctx.solve, ctx.variant = solve, variant
    ctx.set_materialize_grads(False)
    saved = root, inverse, vectors, values, known, a if root is None or variant == "svd_newton" else None
    ctx.save_for_backward(*saved)
    return saved


def root_again(ctx, a: Tensor) -> Tensor:
    """Return the root, differentiable in `a`, where the inverse root was found without it."""
    return some(differentiable_roots(a, ctx.solve, root=True, inverse=False, backward=ctx.variant).root)


def root_gradient(grad_root, grad_inverse, root, inverse, basis, a, *, variant, full_rank):
    """Return the gradient of `a` for the chosen variant of the backward pass."""
    if variant.startswith("svd"):
        return symmetric(published_gradient(grad_root, grad_inverse, root, basis, a, variant))
    root, basis = gradient_basis(root, basis, variant)
    if basis.vectors is not None and basis.known is None and not torch.is_grad_enabled():
        return spectral_gradient(grad_root, grad_inverse, basis.vectors, some(basis.values), full_rank=full_rank)
    root, right = some(root), grad_root
    if grad_inverse is not None:
        through = inverse_differential(root, inverse, symmetric(grad_inverse))
        right = through if right is None else right + through
    return solve_lyapunov(root, symmetric(right), basis)


def published_gradient(grad_root, grad_inverse, root, basis, a, variant):
    """Return the gradient by one of the published variants, whose bounds are for entries near one."""
    scale = power_of_four(root)
    grad_root = None if grad_root is None else grad_root * scale
    grad_inverse = None if grad_inverse is None else grad_inverse / scale
    if variant == "svd_newton":
        gradient = newton_gradient(grad_root, grad_inverse, a / scale**2)
    else:
        vectors, values, _ = gradient_basis(root, basis, variant)[1]
        gradient = svd_gradient(grad_root, grad_inverse, some(vectors), some(values) / scale[..., 0], variant=variant)
    return gradient / scale**2


def gradient_basis(root: Tensor | None, basis: Basis, variant: str) -> tuple[Tensor | None, Basis]:
    """Return the root to differentiate at, and its eigenpairs, or none where the sign function solves."""
    vectors, values, known = basis
    if variant == "auto" or (variant != "lyapunov" and vectors is not None and known is None):
        return root, basis
    if variant != "lyapunov":
        return root, Basis(*root_eigenpairs(some(root).detach()))
    if root is not None and vectors is not None and values is not None:
        # What the root has of null eigenvalues is the root of round-off, which is no longer small.
        exact = spectral_product(vectors, values)
        exact = exact if known is None else torch.where(known[..., None, None], exact, root)
        root = root + (exact - root).detach()
    return root, Basis()
