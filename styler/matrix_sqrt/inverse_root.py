"""The inverse square root."""

from typing import Literal, overload

from torch import Tensor

from styler.choices import Method
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.info import RootInfo, root_info
from styler.matrix_sqrt.iteration import Normalize
from styler.matrix_sqrt.options import Options
from styler.matrix_sqrt.root_finding import find_roots, in_dtype_of
from styler.matrix_sqrt.selection import Deficient
from styler.matrix_sqrt.solution import some


@overload
def inv_sqrtm(
    a: Tensor,
    *,
    return_info: Literal[False] = False,
    method: Method = ...,
    degree: int | None = ...,
    tol: float | None = ...,
    max_iterations: int | None = ...,
    normalize: Normalize = ...,
    eps: float = ...,
    rank_tol: float | None = ...,
    deficient: Deficient = ...,
    backward: Backward = ...,
    strict: bool = ...,
    check: bool = ...,
    round_off: float | None = ...,
) -> Tensor: ...
@overload
def inv_sqrtm(
    a: Tensor,
    *,
    return_info: Literal[True],
    method: Method = ...,
    degree: int | None = ...,
    tol: float | None = ...,
    max_iterations: int | None = ...,
    normalize: Normalize = ...,
    eps: float = ...,
    rank_tol: float | None = ...,
    deficient: Deficient = ...,
    backward: Backward = ...,
    strict: bool = ...,
    check: bool = ...,
    round_off: float | None = ...,
) -> tuple[Tensor, RootInfo]: ...
def inv_sqrtm(
    a: Tensor,
    *,
    return_info: bool = False,
    method: Method = "auto",
    degree: int | None = None,
    tol: float | None = None,
    max_iterations: int | None = None,
    normalize: Normalize = "frobenius",
    eps: float = 0.0,
    rank_tol: float | None = None,
    deficient: Deficient = "pinv",
    backward: Backward = "auto",
    strict: bool = False,
    check: bool = True,
    round_off: float | None = None,
):
    """Return a^(-1/2), or its pseudo-inverse where `a` is singular.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`, real or complex, of any precision.
        return_info: Whether to return a `RootInfo` too.
        method: See `sqrtm_pair` for this and all that follow.
        degree: Of "mpa" and "mtp".
        tol: Residual that an iterated method must reach.
        max_iterations: Exactly this bound, and no check.
        normalize: Norm that an iterated method divides by first.
        eps: Ridge relative to tr(a)/n.
        rank_tol: Share of the largest eigenvalue up to which others are null.
        deficient: How null eigenvalues are treated.
        backward: How the gradient is computed.
        strict: Whether to run a fixed number of steps without host synchronisation.
        check: Whether to raise, or to return NaN.
        round_off: How far `a` may be from semidefinite and Hermitian.

    Raises:
        ValueError: As `sqrtm_pair`.
    """
    options = Options(
        method, degree, tol, max_iterations, normalize, eps, rank_tol, deficient, backward, strict, check, round_off
    )
    work, solution = find_roots(a, options, root=False, inverse=True)
    inverse = in_dtype_of(a, some(solution.inverse))
    return (inverse, root_info(work.detach(), solution)) if return_info else inverse
