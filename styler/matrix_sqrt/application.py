"""The inverse root applied to vectors, without being formed."""

import torch
from torch import Tensor

from styler.choices import Method
from styler.matrix_sqrt.arguments import check_matrix
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.eigh import reciprocal
from styler.matrix_sqrt.iteration import Normalize
from styler.matrix_sqrt.options import Options
from styler.matrix_sqrt.precision import in_working_precision, without_autocast
from styler.matrix_sqrt.root_finding import find_roots
from styler.matrix_sqrt.selection import Deficient
from styler.matrix_sqrt.solution import Solution, some
from styler.matrix_sqrt.tracing import differentiated


def inv_sqrtm_apply(
    a: Tensor,
    b: Tensor,
    *,
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
) -> Tensor:
    """Return a^(-1/2)·b; without gradients, and for few columns, without forming the inverse root.

    The product is taken in the precision of the root, regardless of autocast.

    Args:
        a: Hermitian positive semidefinite, `(..., n, n)`.
        b: `(..., n, m)`; leading axes broadcast with those of a.
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
        ValueError: As `sqrtm_pair`, or if the shapes do not fit.
    """
    check_matrix(a)
    if not isinstance(b, Tensor) or b.ndim < 2 or b.shape[-2] != a.shape[-1]:
        shape = tuple(b.shape) if isinstance(b, Tensor) else type(b).__name__
        raise ValueError(f"expected shapes (..., n, n) and (..., n, m), got {tuple(a.shape)} and {shape}")
    few = method in ("auto", "eigh", "svd") and not strict and 0 < b.shape[-1] < a.shape[-1]
    unformed = few and not differentiated(a)
    if unformed and method == "auto":
        method = "eigh"
    options = Options(
        method, degree, tol, max_iterations, normalize, eps, rank_tol, deficient, backward, strict, check, round_off
    )
    _, solution = find_roots(a, options, root=False, inverse=not unformed)
    with without_autocast(a):
        columns = in_working_precision(b)
        applied = apply_inverse(solution, columns) if unformed else product(some(solution.inverse), columns)
        return applied.to(torch.promote_types(a.dtype, b.dtype))


def apply_inverse(solution: Solution, b: Tensor) -> Tensor:
    """Return the inverse root times b, from the eigenpairs."""
    vectors, values = some(solution.vectors), some(solution.values)
    weights = reciprocal(values)[..., None]
    return product(vectors, weights * product(vectors.mH, b))


def product(x: Tensor, y: Tensor) -> Tensor:
    """Return x·y in the finer of the two dtypes."""
    dtype = torch.promote_types(x.dtype, y.dtype)
    return x.to(dtype) @ y.to(dtype)
