"""Correction and fallback for matrices on which an iterated method missed its tolerance."""

import torch
from torch import Tensor

from styler.matrix_sqrt.acceptance import root_checks, root_residual
from styler.matrix_sqrt.eigh import Rules, default_rank_tol, eigh_roots
from styler.matrix_sqrt.matrix_sign import sign_quotient
from styler.matrix_sqrt.scaling import symmetric
from styler.matrix_sqrt.solution import Solution, some
from styler.matrix_sqrt.tracing import traced


def with_fallback(a: Tensor, solution: Solution, rules: Rules, *, inverse: bool, tol: float) -> Solution:
    """Return the solution, corrected where its root misses `tol`, with `eigh` where that does not help.

    A matrix that is singular to working accuracy goes to `eigh` in any case: its null space must be known, or the
    derivative there would be noise.
    """
    detached, root, z = a.detach(), some(solution.root).detach(), some(solution.inverse).detach()
    state = root_checks(detached, root, z, tol=tol)
    regular = state.regular & state.inverse if inverse else state.regular
    if traced(a):
        return decomposed_everywhere(a, solution, ~(regular & state.accurate), rules)
    wanting = regular & ~state.accurate
    if bool(wanting.any()):
        better = corrected_root(detached[wanting], root[wanting])
        solution = solution._replace(
            root=some(solution.root) + replaced(torch.zeros_like(root), wanting, better - root[wanting])
        )
        wanting = wanting.masked_scatter(wanting, root_residual(detached[wanting], better) > tol)
    missed = ~regular | wanting
    return decomposed_where(a, solution, missed, rules) if bool(missed.any()) else solution


def corrected_root(a: Tensor, root: Tensor) -> Tensor:
    """Return the root after a step of Newton's method, x + l with x·l + l·x = a − x².

    Coupled iterations leave a residual of eps·√κ; one step takes it to eps, in products alone.
    """
    root = symmetric(root)
    return symmetric(root + sign_quotient(root, symmetric(a - root @ root)))


def decomposed_where(a: Tensor, solution: Solution, missed: Tensor, rules: Rules) -> Solution:
    """Return the solution with roots and eigenpairs by `eigh` in the place of those missed."""
    exact = exact_roots(a[missed], rules)
    vectors, values = some(exact.vectors), some(exact.values)
    return solution._replace(
        root=replaced(some(solution.root), missed, some(exact.root)),
        inverse=replaced(some(solution.inverse), missed, some(exact.inverse)),
        vectors=torch.zeros_like(a).masked_scatter(missed[..., None, None], vectors),
        values=a.real.new_ones(a.shape[:-1]).masked_scatter(missed[..., None], values),
        known=None if bool(missed.all()) else missed,
        fell_back=missed,
    )


def decomposed_everywhere(a: Tensor, solution: Solution, missed: Tensor, rules: Rules) -> Solution:
    """Return the solution with roots by `eigh` in the place of those missed, and eigenpairs of all."""
    exact = exact_roots(a, rules)
    where = missed[..., None, None]
    return solution._replace(
        root=torch.where(where, some(exact.root), some(solution.root)),
        inverse=torch.where(where, some(exact.inverse), some(solution.inverse)),
        vectors=exact.vectors,
        values=exact.values,
        fell_back=missed,
    )


def exact_roots(a: Tensor, rules: Rules) -> Solution:
    """Return the roots by `eigh`; what is null there is null in the root as well."""
    rules = rules._replace(rank_tol=None if rules.eps > 0 else default_rank_tol(a))
    return eigh_roots(a, rules, scale=a.real.new_ones(1, 1))


def replaced(old: Tensor, where: Tensor, new: Tensor) -> Tensor:
    """Return `old` with `new`, which holds only those, in the place of some matrices."""
    return old.masked_scatter(where[..., None, None], new)
