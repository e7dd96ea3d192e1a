"""One batch from its scaling to its roots, by whichever method."""

from collections.abc import Callable

import torch
from torch import Tensor

from styler.matrix_sqrt.acceptance import default_tol
from styler.matrix_sqrt.eigh import Rules, eigh_roots
from styler.matrix_sqrt.fallback import with_fallback
from styler.matrix_sqrt.minimax import minimax_roots
from styler.matrix_sqrt.mpa import mpa_roots
from styler.matrix_sqrt.mtp import mtp_roots
from styler.matrix_sqrt.newton_schulz import newton_schulz_roots
from styler.matrix_sqrt.options import Options
from styler.matrix_sqrt.scaling import root_scale, symmetric
from styler.matrix_sqrt.selection import choose_method
from styler.matrix_sqrt.single import single_roots
from styler.matrix_sqrt.solution import Solution, some
from styler.matrix_sqrt.strict import strict_roots
from styler.matrix_sqrt.svd import svd_roots
from styler.matrix_sqrt.tracing import differentiated, traced

DECOMPOSITIONS: dict[str, Callable[..., Solution]] = {"eigh": eigh_roots, "svd": svd_roots}
ITERATIONS: dict[str, Callable[..., Solution]] = {
    "mpa": mpa_roots,
    "mtp": mtp_roots,
    "newton_schulz": newton_schulz_roots,
    "minimax": minimax_roots,
}


def solve(a: Tensor, options: Options, rules: Rules, *, root: bool, inverse: bool) -> Solution:
    """Return the roots of matrices of any size; what is not semidefinite raises or becomes NaN.

    A decomposition leaves out what is not asked for; an iterated method has both.
    """
    method = choose_method(a, options)
    if method == "eigh" and a.numel() == a.shape[-1] ** 2 and can_read_values(a):
        solution = single_roots(a, rules.rank_tol, root=root, inverse=inverse)
        if solution is not None:
            return solution
    scale = root_scale(a)
    work = a / scale.square()
    # A 1x1 matrix equals its adjoint unchecked; a matrix that equals its adjoint is free of NaN.
    sound = a.shape[-1] > 1 and not options.strict and can_read_values(a) and torch.equal(work, work.mH)
    if not sound:
        work = checked_symmetric(work, tol=max(1e-5, rules.round_off))
    if method in DECOMPOSITIONS:
        solution = DECOMPOSITIONS[method](work, rules, scale=scale, finite=sound, root=root, inverse=inverse)
    else:
        solution = scaled(iterated(work, method, options, rules, root=root, inverse=inverse), scale)
    if solution.full_rank or not options.check or options.strict or traced(a):
        return solution
    if not bool(outcome(solution).isfinite().all()):
        raise_for(a / scale.square(), solution, rules)
    return solution


def iterated(a: Tensor, method: str, options: Options, rules: Rules, *, root: bool, inverse: bool) -> Solution:
    """Return the roots of matrices with entries near one by an iterated method, checked unless it is bounded."""
    tol = default_tol(a) if options.tol is None else options.tol
    special: dict[str, float | None] = {} if options.degree is None else {"degree": options.degree}
    if method in ("minimax", "newton_schulz"):
        special = {"eps": options.eps, "strict": options.strict}
    if method == "minimax":
        special["least"] = options.least
    bounds = {"tol": options.tol or 0.0, "max_iterations": options.max_iterations, "normalize": options.normalize}
    solution = ITERATIONS[method](a, **bounds, **special)
    if options.max_iterations is not None:
        return solution
    if options.strict:
        return strict_roots(a, solution, root=root, tol=tol)
    return with_fallback(a, solution, rules, inverse=inverse, tol=tol)


def scaled(solution: Solution, scale: Tensor) -> Solution:
    """Return the roots of scale²·a from those of a."""
    values = None if solution.values is None else solution.values * scale[..., 0]
    root, inverse = some(solution.root) * scale, some(solution.inverse) / scale
    return solution._replace(root=root, inverse=inverse, values=values)


def can_read_values(a: Tensor) -> bool:
    """Return whether values may be read, and the symmetry check needs no gradient."""
    return not traced(a) and not (torch.is_grad_enabled() and differentiated(a))


def checked_symmetric(a: Tensor, *, tol: float) -> Tensor:
    """Return the Hermitian part, NaN where `a` is further from its adjoint than `tol`."""
    return symmetric(a).masked_fill((asymmetry(a) > tol)[..., None, None], torch.nan)


def asymmetry(a: Tensor) -> Tensor:
    """Return the largest difference between a and aᴴ relative to the largest entry, `(...)`."""
    return (a - a.mH).abs().amax((-2, -1)) / a.abs().amax((-2, -1))


def outcome(solution: Solution) -> Tensor:
    """Return numbers of each matrix in the last axis, NaN where it has no root."""
    return some(solution.root).flatten(-2) if solution.values is None else solution.values


def raise_for(a: Tensor, solution: Solution, rules: Rules) -> None:
    """Raise for the first matrix that is finite but has no finite root; one that is not finite keeps its NaN."""
    failed = a.isfinite().all(-1).all(-1) & ~outcome(solution).isfinite().all(-1)
    if not bool(failed.any()):
        return
    where = failed.nonzero()[0].tolist()
    item = a[tuple(where)]
    place = f"a{where}" if where else "a"
    difference = float(asymmetry(item))
    if difference > max(1e-5, rules.round_off):
        raise ValueError(f"expected a Hermitian, got a relative difference of {difference:.2g} from aᴴ in {place}")
    eigenvalues = torch.linalg.eigvalsh(symmetric(item))
    largest = eigenvalues.abs().amax()
    ratio = float(eigenvalues[0] / largest) if largest > 0 else 0.0
    if ratio < -rules.round_off:
        raise ValueError(
            f"expected a positive semidefinite, got an eigenvalue of {ratio:.2g} relative to the largest in {place}: "
            f"below -{rules.round_off:.2g}. If a was computed in a lower precision, pass its eps**0.5 as round_off="
        )
    if rules.deficient == "raise":
        raise ValueError(f"expected a of full rank, got a least eigenvalue of {ratio:.2g} relative in {place}")
    raise ValueError(f"expected a root that is finite, got none by this method for {place}")
