"""Checks and casts before and after the algorithms, shared by all roots."""

from functools import partial

import torch
from torch import Tensor

from styler.matrix_sqrt.arguments import check_matrix
from styler.matrix_sqrt.differentiation import differentiable_roots, differentiable_solution
from styler.matrix_sqrt.eigh import Rules
from styler.matrix_sqrt.options import PLAIN, Options, check_options
from styler.matrix_sqrt.precision import in_working_precision, products_are_rounded, without_autocast
from styler.matrix_sqrt.scaling import with_ridge
from styler.matrix_sqrt.selection import choose_method
from styler.matrix_sqrt.single import single_roots
from styler.matrix_sqrt.solution import Solution
from styler.matrix_sqrt.solving import solve
from styler.matrix_sqrt.tracing import differentiated, has_tangent, traced, transforms_are_active


def find_roots(a: Tensor, options: Options, *, root: bool, inverse: bool) -> tuple[Tensor, Solution]:
    """Return the ridged matrices in working precision, and those of their roots that are asked for."""
    check_matrix(a)
    if options == PLAIN and is_plain(a):
        solution = plain_roots(a, root=root, inverse=inverse)
        if solution is not None:
            return a, solution
    check_options(options)
    rules = rules_of(options, a.dtype)
    with without_autocast(a):
        work = in_working_precision(a)
        if a.shape[-1] == 0:
            return work, Solution(work * 1, work * 1, values=work.diagonal(dim1=-2, dim2=-1).real)
        work = with_ridge(work, options.eps)
        if options.backward == "autograd" or not differentiated(work):
            return work, solve(work, options, rules, root=root, inverse=inverse)
        solver = partial(solve, options=options, rules=rules)
        return work, differentiable_roots(work, solver, root=root, inverse=inverse, backward=options.backward)


def rules_of(options: Options, dtype: torch.dtype) -> Rules:
    """Return the rules for eigenvalues of matrices that were given in a dtype."""
    round_off = torch.finfo(dtype).eps ** 0.5 if options.round_off is None else options.round_off
    return Rules(options.rank_tol, options.deficient, round_off, options.eps)


def is_plain(a: Tensor) -> bool:
    """Return whether `a` is one real matrix on the processor that at most reverse mode will differentiate."""
    return (
        not traced(a)
        and a.is_cpu
        and a.numel() == a.shape[-1] ** 2 > 0
        and (a.dtype == torch.float64 or (a.dtype == torch.float32 and not products_are_rounded()))
        and not (transforms_are_active() or has_tangent(a))
        and not torch.is_autocast_enabled("cpu")
        and choose_method(a, PLAIN) == "eigh"
    )


def plain_roots(a: Tensor, *, root: bool, inverse: bool) -> Solution | None:
    """Return the roots of a plain matrix without options, as all that follows would; None where that is needed.

    At n = 16 the steps that are left out would take as long as the eigendecomposition.
    """
    if not (a.requires_grad and torch.is_grad_enabled()):
        return single_roots(a, None, root=root, inverse=inverse)
    solution = single_roots(a.detach(), None, root=root, inverse=inverse)
    return None if solution is None else differentiable_solution(a, solution, solve_plain, "auto")


def solve_plain(a: Tensor, *, root: bool, inverse: bool) -> Solution:
    """Return the roots of `a` without options."""
    return solve(a, PLAIN, rules_of(PLAIN, a.dtype), root=root, inverse=inverse)


def in_dtype_of(a: Tensor, root: Tensor) -> Tensor:
    """Return a root in the dtype of its matrix."""
    return root if root.dtype == a.dtype else root.to(a.dtype)  # `to` itself takes 2 µs
