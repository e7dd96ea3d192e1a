"""The pair of roots as one differentiable function of the matrix."""

from functools import partial
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.autograd import Function

from styler.matrix_sqrt.eigh import product, reciprocal, spectral_product
from styler.matrix_sqrt.lyapunov_equation import Basis, root_eigenpairs, solve_lyapunov
from styler.matrix_sqrt.precision import without_autocast
from styler.matrix_sqrt.scaling import power_of_four, symmetric
from styler.matrix_sqrt.solution import Solution, some
from styler.matrix_sqrt.svd_gradients import newton_gradient, svd_gradient
from styler.matrix_sqrt.tracing import transforms_are_active

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
    elif transforms_are_active():
        function = ForwardRootPair
    else:
        # Only in the eigenbasis does the gradient of the inverse root not need the root.
        root = root or backward not in ("auto", "eigh")
        return Solution(*DirectRootPair.apply(a, partial(solve, root=root, inverse=inverse), backward))
    return Solution(*function.apply(a, partial(solve, root=True, inverse=inverse), backward))


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
    doubled = 2 * values
    sums = doubled.unsqueeze(-1) + doubled.unsqueeze(-2)
    if not full_rank:
        sums.masked_fill_(sums == 0, torch.inf)
    if grad_inverse is None:
        inner = product(product(vectors.mH, some(grad_root)), vectors)
    elif full_rank and grad_root is None:
        inverted = vectors / values.unsqueeze(-2)
        inner = product(product(inverted.mH, grad_inverse), inverted).neg_()
    else:
        inner = through_inverse(grad_inverse, vectors, values)
        inner = inner if grad_root is None else inner + product(product(vectors.mH, grad_root), vectors)
    half = product(product(vectors, inner.div_(sums)), vectors.mH)
    return half + half.mH


def through_inverse(grad: Tensor, vectors: Tensor, values: Tensor) -> Tensor:
    """Return the gradient of the inverse root as one of the root, in the eigenbasis."""
    inverses = reciprocal(values)
    null = (values == 0).to(values.dtype)
    outward = inverses.square()[..., :, None] * null[..., None, :]
    kernel = outward + outward.mT - inverses[..., :, None] * inverses[..., None, :]
    return kernel * product(product(vectors.mH, grad), vectors)


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
        a, ctx.solve, ctx.variant = inputs
        root, inverse, vectors, values, *info, ctx.full_rank = output
        known = info[-1]
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(t for t in (vectors, values, *info) if t is not None))
        kept = a if root is None or ctx.variant == "svd_newton" else None
        ctx.save_for_backward(root, inverse, vectors, values, known, kept)
        ctx.save_for_forward(root, inverse, vectors, values, known, kept)

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradients of the inputs."""
        grad_root, grad_inverse, *_ = grads
        if grad_root is None and grad_inverse is None:
            return None, None, None
        # Unpacked once: activation checkpointing recomputes them, and frees each after its first use.
        root, inverse, *basis, a = ctx.saved_tensors
        basis = Basis(*basis)
        with without_autocast(grads[0] if grad_inverse is None else grad_inverse):
            if root is None and torch.is_grad_enabled():
                root = root_again(ctx, a)
            options = {"variant": ctx.variant, "full_rank": ctx.full_rank}
            return root_gradient(grad_root, grad_inverse, root, inverse, basis, a, **options), None, None

    @staticmethod
    def vmap(info, in_dims, *inputs):
        """Apply to the whole batch at once."""
        a, solve, backward = inputs
        function = ForwardRootPair if transforms_are_active() else DirectRootPair
        solution = function.apply(a.movedim(in_dims[0], 0), solve, backward)
        return tuple(solution), tuple(0 if isinstance(t, Tensor) else None for t in solution)


class ForwardRootPair(RootPair):
    """The same with forward-mode derivatives."""

    @staticmethod
    def jvp(ctx, *tangents):
        """Return the tangents of the outputs."""
        root, inverse, *basis, a = ctx.saved_tensors
        wanted = root is not None
        x, basis = gradient_basis(root if wanted else root_again(ctx, a), Basis(*basis), ctx.variant)
        x = some(x)
        root_dot = solve_lyapunov(x, symmetric(tangents[0]), basis)
        inverse_dot = None if inverse is None else inverse_differential(x, inverse, root_dot)
        return root_dot if wanted else None, inverse_dot, None, None, None, None, None, None


class DirectRootPair(Function):
    """The same for code outside torch.func, whose protocol costs a small root 10 to 40 µs of its 200."""

    @staticmethod
    def forward(ctx, a, solve, backward):
        """Return the outputs and save the tensors that the derivatives need."""
        output = tuple(solve(a))
        RootPair.setup_context(ctx, (a, solve, backward), output)
        return output

    backward = staticmethod(RootPair.backward)
    jvp = staticmethod(ForwardRootPair.jvp)


def root_again(ctx, a: Tensor) -> Tensor:
    """Return the root, differentiable in `a`, where the inverse root was found without it."""
    return some(Solution(*DirectRootPair.apply(a, partial(ctx.solve, root=True), ctx.variant)).root)


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
