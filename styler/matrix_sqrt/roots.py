"""The public square roots: what is checked, scaled and cast around the algorithms."""

from functools import partial
from typing import Literal, TypedDict, Unpack, get_args, overload

import torch
from torch import Tensor

from styler.matrix_sqrt.differentiation import Backward, differentiable_roots
from styler.matrix_sqrt.eigh import Rules, reciprocal
from styler.matrix_sqrt.lyapunov_equation import root_eigenpairs
from styler.matrix_sqrt.precision import in_working_precision, without_autocast
from styler.matrix_sqrt.scaling import root_scale, symmetric, with_ridge
from styler.matrix_sqrt.selection import Deficient, Method, root_residual, solve
from styler.matrix_sqrt.solution import RootInfo, Solution
from styler.matrix_sqrt.warm_start import Start, check_start, least_share

CHOICES = {"method": get_args(Method), "deficient": get_args(Deficient), "backward": get_args(Backward)}


class RootOptions(TypedDict, total=False):
    """Options of every root; `sqrtm_pair` says what they mean."""

    method: Method
    degree: int | None
    tol: float | None
    max_iterations: int | None
    eps: float
    rank_tol: float | None
    deficient: Deficient
    backward: Backward
    check: bool
    round_off: float | None
    start: Start | None


@overload
def sqrtm(a: Tensor, *, return_info: Literal[False] = False, **options: Unpack[RootOptions]) -> Tensor: ...
@overload
def sqrtm(a: Tensor, *, return_info: Literal[True], **options: Unpack[RootOptions]) -> tuple[Tensor, RootInfo]: ...
def sqrtm(a, *, return_info=False, **options):
    """Return a^(1/2), the Hermitian positive semidefinite x with x·x = a.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`, real or complex, of any precision.
        return_info: Whether to return a `RootInfo` too.
        **options: See `sqrtm_pair`.

    Raises:
        ValueError: As `sqrtm_pair`.
    """
    root, _, info = find_roots(a, inverse=False, return_info=return_info, **options)
    return (root, info) if return_info else root


@overload
def inv_sqrtm(a: Tensor, *, return_info: Literal[False] = False, **options: Unpack[RootOptions]) -> Tensor: ...
@overload
def inv_sqrtm(a: Tensor, *, return_info: Literal[True], **options: Unpack[RootOptions]) -> tuple[Tensor, RootInfo]: ...
def inv_sqrtm(a, *, return_info=False, **options):
    """Return a^(-1/2), or its pseudo-inverse where `a` is singular.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`, real or complex, of any precision.
        return_info: Whether to return a `RootInfo` too.
        **options: See `sqrtm_pair`.

    Raises:
        ValueError: As `sqrtm_pair`.
    """
    _, inverse, info = find_roots(a, inverse=True, return_info=return_info, **options)
    return (inverse, info) if return_info else inverse


@overload
def sqrtm_pair(
    a: Tensor, *, return_info: Literal[False] = False, **options: Unpack[RootOptions]
) -> tuple[Tensor, Tensor]: ...
@overload
def sqrtm_pair(
    a: Tensor, *, return_info: Literal[True], **options: Unpack[RootOptions]
) -> tuple[Tensor, Tensor, RootInfo]: ...
def sqrtm_pair(a, *, return_info=False, **options):
    """Return a^(1/2) and a^(-1/2) for little more than the price of one.

    A matrix with NaN or infinity gives NaN for itself alone. In compiled code, where nothing can be raised,
    so does one that would raise.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`, real or complex, of any precision; half precision
            is computed in single. What lies below zero or beside its own transpose by round-off (√eps of
            its dtype, relative) is taken as such.
        return_info: Whether to return a `RootInfo` too.
        **options: `method`: "auto" (default), "eigh", "svd", "mpa", "mtp", "newton_schulz", "minimax".
            `degree`: of "mpa" (5) and "mtp" (10).
            `tol`: what an iterated method must reach for ‖x·x − a‖/‖a‖; 2·(n + 8)·eps by default. A matrix
            that misses it is solved by `eigh`.
            `max_iterations`: exactly this bound and no fallback; 1 gives "mpa" and "mtp" as published.
            `eps`: ridge relative to tr(a)/n, added to the diagonal.
            `rank_tol`: eigenvalues up to this share of the largest count as zero; 16·eps of the working
            precision by default.
            `deficient`: what becomes of them: zero in both roots ("pinv", default), lifted to the threshold
            ("floor", the gradient passing straight through), an error ("raise").
            `backward`: "auto" (default), "eigh" (in the eigenbasis), "lyapunov" (by the matrix sign
            function), "autograd" (through the algorithm), or for comparison, first order only: "svd",
            "svd_trunc", "svd_topn", "svd_taylor", "svd_pade", "svd_newton".
            `round_off`: how far, relative to the largest, eigenvalues may lie below zero and `a` from its
            transpose; √eps of the dtype of `a` by default (1e-5 at least for the latter).
            `start`: root and inverse root of a matrix near `a`, as this function returned them: "minimax" then
            takes no more steps than their condition asks for, and is as accurate. Not under `vmap`; compiled, and
            by other methods, it is not used.
            `check`: whether to raise, at the cost of a host synchronisation, or to return NaN.

    Raises:
        ValueError: If `a` is not square, not floating, not Hermitian or not semidefinite beyond round-off,
            or an option has no such value.
    """
    root, inverse, info = find_roots(a, inverse=True, return_info=return_info, **options)
    return (root, inverse, info) if return_info else (root, inverse)


def inv_sqrtm_apply(a: Tensor, b: Tensor, **options: Unpack[RootOptions]) -> Tensor:
    """Return a^(-1/2)·b; without gradients, and for few columns, without forming the inverse root.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`.
        b: `(..., n, m)`; leading axes broadcast with those of a.
        **options: See `sqrtm_pair`.

    Raises:
        ValueError: As `sqrtm_pair`, or if the shapes do not fit.
    """
    if b.ndim < 2 or a.ndim < 2 or b.shape[-2] != a.shape[-1]:
        raise ValueError(f"expected shapes (..., n, n) and (..., n, m), got {tuple(a.shape)} and {tuple(b.shape)}")
    method = options.get("method", "auto")
    decomposed = method in ("auto", "eigh", "svd") and 0 < b.shape[-1] < a.shape[-1]
    if torch.is_grad_enabled() or not decomposed:
        return inv_sqrtm(a, **options) @ b
    options["method"] = "eigh" if method == "auto" else method
    _, solution = solved(a, inverse=False, **options)
    with without_autocast(a):
        columns = in_working_precision(b).to(solution.root.dtype)
        return apply_inverse(solution, columns).to(torch.promote_types(a.dtype, b.dtype))


def apply_inverse(solution: Solution, b: Tensor) -> Tensor:
    """Return the inverse root times b, from the eigenpairs."""
    if solution.vectors is None or solution.values is None:
        raise ValueError("expected a solution with eigenpairs")
    return solution.vectors @ (reciprocal(solution.values)[..., None] * (solution.vectors.mH @ b))


def find_roots(
    a: Tensor,
    *,
    inverse: bool,
    return_info: bool,
    **options: Unpack[RootOptions],
) -> tuple[Tensor, Tensor | None, RootInfo | None]:
    """Return root, inverse root (or None) and information (or None)."""
    work, solution = solved(a, inverse=inverse, **options)
    inverted = None if solution.inverse is None else solution.inverse.to(a.dtype)
    info = root_info(work.detach(), solution) if return_info else None
    return solution.root.to(a.dtype), inverted, info


def solved(
    a: Tensor,
    *,
    inverse: bool,
    method: Method = "auto",
    degree: int | None = None,
    tol: float | None = None,
    max_iterations: int | None = None,
    eps: float = 0.0,
    rank_tol: float | None = None,
    deficient: Deficient = "pinv",
    backward: Backward = "auto",
    check: bool = True,
    round_off: float | None = None,
    start: Start | None = None,
) -> tuple[Tensor, Solution]:
    """Return the ridged matrices in working precision, and their roots."""
    check_matrix(a)
    check_options(method, deficient, backward, eps, max_iterations)
    if start is not None:
        check_start(start, a)
    if method not in ("auto", "eigh", "svd") and (rank_tol is not None or deficient != "pinv"):
        raise ValueError(f"expected method auto, eigh or svd with rank_tol or deficient, got {method}")
    round_off = torch.finfo(a.dtype).eps ** 0.5 if round_off is None else round_off
    with without_autocast(a):
        work = in_working_precision(a)
        if a.shape[-1] == 0:
            return work, Solution(work * 1, work * 1 if inverse else None, work, work.diagonal(dim1=-2, dim2=-1).real)
        work = with_ridge(work, eps)
        solver = partial(
            solve,
            method=method,
            inverse=inverse,
            degree=degree,
            tol=tol,
            max_iterations=max_iterations,
            rules=Rules(rank_tol, deficient, round_off, eps),
            check=check,
            least=least_share(start),
        )
        return work, differentiable_roots(work, solver, backward=backward)


def check_matrix(a: Tensor) -> None:
    """Raise unless `a` is a batch of square floating matrices."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"expected a of shape (..., n, n), got {tuple(a.shape)}")
    if not (a.is_floating_point() or a.is_complex()):
        raise ValueError(f"expected a of a floating dtype, got {a.dtype}")


def check_options(method: str, deficient: str, backward: str, eps: float, max_iterations: int | None) -> None:
    """Raise unless the options have values that exist."""
    for name, value in (("method", method), ("deficient", deficient), ("backward", backward)):
        if value not in CHOICES[name]:
            raise ValueError(f"expected {name} from {', '.join(CHOICES[name])}, got {value!r}")
    if not eps >= 0:
        raise ValueError(f"expected eps of at least 0, got {eps}")
    if max_iterations is not None and max_iterations < 1:
        raise ValueError(f"expected max_iterations of at least 1, got {max_iterations}")


def root_info(a: Tensor, solution: Solution) -> RootInfo:
    """Return what is known of the roots of `a`; computes the spectrum if the method did not."""
    values = solution.values
    if values is None:
        values = root_eigenpairs(solution.root.detach())[1]
    scale = root_scale(a) if a.shape[-1] else 1
    residual = root_residual(symmetric(a) / scale**2, solution.root.detach() / scale)
    present = values > 0
    least = values.masked_fill(~present, torch.inf).amin(-1) if values.shape[-1] else residual + torch.inf
    largest = values.amax(-1) if values.shape[-1] else residual
    condition = torch.where(present.any(-1), (largest / least).square(), torch.nan)
    iterations, fell_back = solution.iterations, solution.fell_back
    if iterations is None or fell_back is None:
        iterations, fell_back = (
            torch.zeros_like(residual, dtype=torch.int64),
            torch.zeros_like(residual, dtype=torch.bool),
        )
    return RootInfo(residual, iterations, present.sum(-1), condition, fell_back)
