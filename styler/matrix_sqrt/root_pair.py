"""Both square roots at once, and the meaning of every option."""

from typing import Literal, overload

from torch import Tensor

from styler.choices import Method
from styler.matrix_sqrt.arguments import check_matrix
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.info import RootInfo, root_info
from styler.matrix_sqrt.iteration import Normalize
from styler.matrix_sqrt.options import Options
from styler.matrix_sqrt.root_finding import find_roots
from styler.matrix_sqrt.selection import Deficient
from styler.matrix_sqrt.solution import some
from styler.matrix_sqrt.warm_start import Start, check_start, known_share


@overload
def sqrtm_pair(
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
    start: Start | None = ...,
) -> tuple[Tensor, Tensor]: ...
@overload
def sqrtm_pair(
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
    start: Start | None = ...,
) -> tuple[Tensor, Tensor, RootInfo]: ...
def sqrtm_pair(
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
    start: Start | None = None,
):
    """Return a^(1/2) and a^(-1/2) for little more than the cost of one.

    A matrix with NaN or infinity gives NaN; the others of the batch are unaffected. In compiled code, which cannot
    raise, so does a matrix that would raise.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`, real or complex, of any precision; half precision
            is computed in single. Negative eigenvalues and asymmetry up to round-off (√eps of
            its dtype, relative) are accepted.
        return_info: Whether to return a `RootInfo` too.
        method: "auto", "eigh", "svd", "mpa", "mtp", "newton_schulz", "minimax".
        degree: Of "mpa" (5) and "mtp" (10).
        tol: Residual ‖x·x − a‖/‖a‖ that an iterated method must reach; 2·(n + 8)·eps by default. A root that
            misses it is corrected by a step of Newton's method; one that still misses it, or whose matrix is
            singular to working accuracy, is solved by `eigh`.
        max_iterations: Exactly this bound, no correction and no fallback; 1 gives "mpa" and "mtp" as published.
        normalize: Norm that an iterated method divides by first: the "frobenius" norm, or the "trace" as iSQRT-COV.
        eps: Ridge relative to tr(a)/n, added to the diagonal.
        rank_tol: Eigenvalues up to this share of the largest count as zero; 8·eps of the working precision by
            default, √n·eps from n = 64.
        deficient: How they are treated: zero in both roots ("pinv"), lifted to the threshold ("floor", the
            gradient passing straight through), an error ("raise").
        backward: "auto", "eigh" (in the eigenbasis), "lyapunov" (by the matrix sign function), "autograd"
            (through the algorithm), or for comparison, first order only: "svd", "svd_trunc", "svd_topn",
            "svd_taylor", "svd_pade", "svd_newton".
        strict: Whether "minimax" ("auto" too) or "newton_schulz" runs a fixed number of steps for the interval
            that `eps` guarantees, without host synchronisation or tensors on the host, forward and backward, as
            CUDA graphs, MPS, XLA and ONNX require. A matrix that is singular to working accuracy, or misses
            `tol`, gives NaN.
        check: Whether to raise, at the cost of a host synchronisation, or to return NaN.
        round_off: How far, relative to the largest, eigenvalues may lie below zero and `a` from its transpose;
            √eps of the dtype of `a` by default (1e-5 at least for the latter). Give that of the precision in
            which `a` was computed where it is lower.
        start: Root and inverse root of a matrix near `a`, as this function returned them: "minimax" then takes no
            more steps than their condition asks for, and is as accurate. Not under `vmap`; compiled, with `strict`,
            and by other methods, it is not used.

    Raises:
        ValueError: If `a` is not a tensor of square matrices in float16, bfloat16, float32, float64, complex64 or
            complex128, not Hermitian or not semidefinite beyond round-off, or an option has no such value.
    """
    options = Options(
        method, degree, tol, max_iterations, normalize, eps, rank_tol, deficient, backward, strict, check, round_off
    )
    if start is not None:
        check_matrix(a)
        check_start(start, a)
        options = options._replace(least=None if strict else known_share(start))
    work, solution = find_roots(a, options, root=True, inverse=True)
    pair = some(solution.root).to(a.dtype), some(solution.inverse).to(a.dtype)
    return (*pair, root_info(work.detach(), solution)) if return_info else pair
