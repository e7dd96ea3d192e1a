"""Roots of any order, a^(1/p) and a^(-1/p), with gradients of any order; Shampoo and similar optimizers need p = 4."""

from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor

from styler.matrix_sqrt.arguments import check_matrix
from styler.matrix_sqrt.eigh import Rules
from styler.matrix_sqrt.precision import in_working_precision, without_autocast
from styler.matrix_sqrt.pth_root_differentiation import differentiable_pth_roots
from styler.matrix_sqrt.pth_root_solving import PthRoots, solve_roots
from styler.matrix_sqrt.root import sqrtm
from styler.matrix_sqrt.scaling import with_ridge
from styler.matrix_sqrt.selection import Deficient
from styler.matrix_sqrt.tracing import traced

PthMethod = Literal["auto", "eigh", "newton"]


def rootm(
    a: Tensor,
    p: int,
    *,
    method: PthMethod = "auto",
    eps: float = 0.0,
    rank_tol: float | None = None,
    deficient: Deficient = "pinv",
    round_off: float | None = None,
    check: bool = True,
) -> Tensor:
    """Return a^(1/p), the Hermitian positive semidefinite x with x^p = a.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`, real or complex, of any precision; half precision is
            computed in single.
        p: Order, 2 or more; for 2 this is `sqrtm`, with fewer methods.
        method: "eigh", what "auto" stands for, or "newton": products alone, checked, and `eigh` for a matrix that
            misses round-off or is singular to working accuracy.
        eps: Ridge relative to tr(a)/n, added to the diagonal.
        rank_tol: As in `sqrtm_pair`.
        deficient: As in `sqrtm_pair`.
        round_off: As in `sqrtm_pair`.
        check: Whether to raise, at the cost of a host synchronisation, or to return NaN.

    Raises:
        ValueError: As `sqrtm_pair`, or if there is no such order.
    """
    rules = Rules(rank_tol, deficient, resolved(round_off, a), eps)
    return pth_roots(a, p, method=method, rules=rules, check=check).root


def inv_rootm(
    a: Tensor,
    p: int,
    *,
    method: PthMethod = "auto",
    eps: float = 0.0,
    rank_tol: float | None = None,
    deficient: Deficient = "pinv",
    round_off: float | None = None,
    check: bool = True,
) -> Tensor:
    """Return a^(-1/p), or its pseudo-inverse where `a` is singular.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`, real or complex, of any precision.
        p: Order, 2 or more.
        method: See `rootm`.
        eps: See `rootm`.
        rank_tol: See `rootm`.
        deficient: See `rootm`.
        round_off: See `rootm`.
        check: See `rootm`.

    Raises:
        ValueError: As `rootm`.
    """
    rules = Rules(rank_tol, deficient, resolved(round_off, a), eps)
    return pth_roots(a, p, method=method, rules=rules, check=check).inverse


def resolved(round_off: float | None, a: Tensor) -> float:
    """Return the relative round-off of `a`: √eps of its dtype by default."""
    check_matrix(a)
    return torch.finfo(a.dtype).eps ** 0.5 if round_off is None else round_off


def pth_roots(a: Tensor, p: int, *, method: str, rules: Rules, check: bool) -> PthRoots:
    """Return root and inverse root in the dtype of `a`."""
    check_order(p, method, rules)
    if a.shape[-1] == 0:
        return PthRoots(a * 1, a * 1, None, None)
    with without_autocast(a):
        work = with_ridge(in_working_precision(a), rules.eps)
        solver = partial(checked_roots, p=p, method="eigh" if method == "auto" else method, rules=rules, check=check)
        roots = differentiable_pth_roots(work, solver, p=p)
    return PthRoots(roots.root.to(a.dtype), roots.inverse.to(a.dtype), None, None)


def checked_roots(a: Tensor, *, p: int, method: str, rules: Rules, check: bool) -> PthRoots:
    """Return the roots; what is not semidefinite raises or becomes NaN."""
    roots = solve_roots(a, p=p, method=method, rules=rules)
    if check and not traced(a) and not bool(roots.root.isfinite().all()):
        # Raises for a matrix without roots, whatever the order; NaN in `a` stays NaN.
        deficient: Deficient = "raise" if rules.deficient == "raise" else "pinv"
        sqrtm(a, deficient=deficient, rank_tol=rules.rank_tol, round_off=rules.round_off)
    return roots


def check_order(p: int, method: str, rules: Rules) -> None:
    """Raise unless the options have valid values and a valid combination."""
    if not isinstance(p, int) or p < 2:
        raise ValueError(f"expected p as a whole number of at least 2, got {p!r}")
    for name, value, choices in (
        ("method", method, get_args(PthMethod)),
        ("deficient", rules.deficient, get_args(Deficient)),
    ):
        if value not in choices:
            raise ValueError(f"expected {name} from {', '.join(choices)}, got {value!r}")
    if not rules.eps >= 0:
        raise ValueError(f"expected eps of at least 0, got {rules.eps}")
    if method == "newton" and (rules.rank_tol is not None or rules.deficient != "pinv"):
        raise ValueError("expected method auto or eigh with rank_tol or deficient, got newton")
