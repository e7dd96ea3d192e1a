"""Which algorithm solves a batch, and what happens to a matrix that it does not solve well enough."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from styler.matrix_sqrt.eigh import Rules, default_rank_tol, eigh_roots
from styler.matrix_sqrt.iteration import frobenius_norm, frobenius_scale
from styler.matrix_sqrt.minimax import minimax_roots
from styler.matrix_sqrt.mpa import mpa_roots
from styler.matrix_sqrt.mtp import mtp_roots
from styler.matrix_sqrt.newton_schulz import newton_schulz_roots
from styler.matrix_sqrt.scaling import root_scale, symmetric
from styler.matrix_sqrt.solution import Solution
from styler.matrix_sqrt.svd import svd_roots

Method = Literal["auto", "eigh", "svd", "mpa", "mtp", "newton_schulz", "minimax"]
Deficient = Literal["pinv", "floor", "raise"]

DECOMPOSITIONS: dict[str, Callable[..., Solution]] = {"eigh": eigh_roots, "svd": svd_roots}
ITERATIONS: dict[str, Callable[..., Solution]] = {
    "mpa": mpa_roots,
    "mtp": mtp_roots,
    "newton_schulz": newton_schulz_roots,
    "minimax": minimax_roots,
}

# What `auto` takes: the first row whose device type fits and whose size is reached. On processors `eigh` was
# fastest of them all at 1x64, 64x48, 32x256 and 1x512, forward and backward (`styler bench sqrt`, AVX-512,
# torch 2.15). The row for CUDA has not been measured here: it rests on the papers' finding that decompositions of
# large matrices are slow on GPUs.
CHOICES = (("cuda", 128, "minimax"),)
OTHERWISE = "eigh"


def choose_method(a: Tensor, rules: Rules) -> str:
    """Return the method that `auto` stands for."""
    # Compiled there is no looking at the outcome, so only what never misses its tolerance will do; and what
    # asks about the spectrum needs the spectrum.
    if torch.compiler.is_compiling() or rules.rank_tol is not None or rules.deficient != "pinv":
        return OTHERWISE
    for device, least_size, method in CHOICES:
        if a.device.type == device and a.shape[-1] >= least_size:
            return method
    return OTHERWISE


def solve(
    a: Tensor,
    *,
    method: str,
    inverse: bool,
    degree: int | None,
    tol: float | None,
    max_iterations: int | None,
    rules: Rules,
    check: bool,
    least: float | None = None,
) -> Solution:
    """Return the roots of matrices of any size; what is not semidefinite raises or becomes NaN."""
    scale = root_scale(a)
    work = a / scale.square()
    looking = not torch.compiler.is_compiling() and not torch.is_grad_enabled()
    # What equals its adjoint is finite too, since NaN equals nothing; but a 1x1 matrix is its own adjoint unseen.
    sound = looking and a.shape[-1] > 1 and torch.equal(work, work.mH)
    if not sound:
        work = checked_symmetric(work, tol=max(1e-5, rules.round_off))
    if method == "auto":
        method = choose_method(a, rules)
    if method in DECOMPOSITIONS:
        solution = DECOMPOSITIONS[method](work, rules, scale=scale, finite=sound, inverse=inverse)
    else:
        special = {"minimax": {"eps": rules.eps, "least": least}}.get(
            method, {} if degree is None else {"degree": degree}
        )
        solution = ITERATIONS[method](work, tol=tol or 0.0, max_iterations=max_iterations, **special)
        if max_iterations is None:
            tol = default_tol(work) if tol is None else tol
            solution = with_fallback(work, solution, rules, inverse=inverse, tol=tol)
        scaled_inverse = some(solution.inverse) / scale if inverse else None
        solution = solution._replace(root=solution.root * scale, inverse=scaled_inverse)
    if solution.full_rank or not check or torch.compiler.is_compiling():
        return solution
    outcome = solution.root if solution.values is None else solution.values
    if not bool(outcome.isfinite().all()):
        raise_for(a / scale.square(), solution, rules)
    return solution


def checked_symmetric(a: Tensor, *, tol: float) -> Tensor:
    """Return the Hermitian part, NaN where `a` is further from its adjoint than `tol`."""
    return symmetric(a).masked_fill((asymmetry(a) > tol)[..., None, None], torch.nan)


def asymmetry(a: Tensor) -> Tensor:
    """Return the largest difference between a and aᴴ relative to the largest entry, `(...)`."""
    return (a - a.mH).abs().amax((-2, -1)) / a.abs().amax((-2, -1))


def default_tol(a: Tensor) -> float:
    """Return the round-off of n-term sums, 2·n·eps, with a little more for small matrices."""
    return 2 * (a.shape[-1] + 8) * torch.finfo(a.dtype).eps


def with_fallback(a: Tensor, solution: Solution, rules: Rules, *, inverse: bool, tol: float) -> Solution:
    """Return the solution with `eigh` in the place of every matrix that misses `tol`."""
    missed = ~meets_tolerance(a.detach(), solution, inverse=inverse, tol=tol)
    if torch.compiler.is_compiling():
        place: Callable[[Tensor, Tensor], Tensor] = partial(replaced_everywhere, missed)
    elif bool(missed.any()):
        a = a[missed]
        place = partial(replaced_where, missed)
    else:
        return solution
    # What is null must be so in the root as well: the sign function would take its round-off for a value.
    rules = rules._replace(rank_tol=None if rules.eps > 0 else default_rank_tol(a))
    exact = eigh_roots(a, rules, scale=a.real.new_ones(1, 1))
    return solution._replace(
        root=place(solution.root, exact.root),
        inverse=place(some(solution.inverse), some(exact.inverse)),
        fell_back=missed,
    )


def replaced_everywhere(missed: Tensor, old: Tensor, new: Tensor) -> Tensor:
    """Return `old` with `new`, which is as long, where it missed."""
    return torch.where(missed[..., None, None], new, old)


def replaced_where(missed: Tensor, old: Tensor, new: Tensor) -> Tensor:
    """Return `old` with `new`, which holds only those, where it missed."""
    return old.masked_scatter(missed[..., None, None], new)


def meets_tolerance(a: Tensor, solution: Solution, *, inverse: bool, tol: float) -> Tensor:
    """Return, per matrix, whether ‖x·x − a‖ ≤ tol·‖a‖ and, for the inverse, ‖z·a·z − 1‖ ≤ tol·κ ≤ 0.1.

    A matrix that is singular to working accuracy misses in any case: its null space must be known, or the
    derivative there would be noise.
    """
    z = some(solution.inverse).detach()
    condition = frobenius_norm(a) * frobenius_norm(z).square()
    good = (condition > 0) & (condition * default_rank_tol(a) < 1)
    good = good[..., 0, 0] & (root_residual(a, solution.root.detach()) <= tol)
    if inverse:
        identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
        error = frobenius_norm(z @ a @ z - identity)
        good = good & (error <= (tol * condition).clamp(max=0.1))[..., 0, 0]
    return good


def some(inverse: Tensor | None) -> Tensor:
    """Return the inverse root of a method that always has one."""
    if inverse is None:
        raise ValueError("expected a solution with an inverse root")
    return inverse


def root_residual(a: Tensor, root: Tensor) -> Tensor:
    """Return ‖x·x − a‖/‖a‖ per matrix, `(...)`."""
    return (frobenius_norm(root @ root - a) / frobenius_scale(a))[..., 0, 0]


def raise_for(a: Tensor, solution: Solution, rules: Rules) -> None:
    """Raise for the first matrix that is finite but has no finite root; one that is not finite keeps its NaN."""
    failed = a.isfinite().all(-1).all(-1) & ~solution.root.isfinite().all(-1).all(-1)
    if not bool(failed.any()):
        return
    where = failed.nonzero()[0].tolist()
    item = a[tuple(where)]
    place = f"a{where}" if where else "a"
    difference = float(asymmetry(item))
    if difference > max(1e-5, rules.round_off):
        raise ValueError(f"expected a Hermitian, got a relative difference of {difference:.2g} from aᴴ in {place}")
    eigenvalues = torch.linalg.eigvalsh(symmetric(item))
    ratio = float(eigenvalues[0] / eigenvalues.abs().amax())
    if ratio < -rules.round_off:
        raise ValueError(
            f"expected a positive semidefinite, got an eigenvalue of {ratio:.2g} relative to the largest in {place}"
        )
    if rules.deficient == "raise":
        raise ValueError(f"expected a of full rank, got a least eigenvalue of {ratio:.2g} relative in {place}")
    raise ValueError(f"expected a root that is finite, got none by this method for {place}")
