"""Square roots by eigendecomposition: the reference, accurate to round-off at any spectrum."""

import torch
from torch import Tensor

from styler.matrix_sqrt.solution import Solution


def eigh_roots(
    a: Tensor,
    *,
    inverse: bool = True,
    rank_tol: float | None = None,
    deficient: str = "pinv",
    round_off: float | None = None,
    eps: float = 0.0,
) -> Solution:
    """Return the roots of Hermitian matrices, `(..., n, n)`, in single or double precision.

    Non-finite matrices, and those with an eigenvalue more negative than round-off, come back as NaN.

    Args:
        a: Hermitian; all NaN where an entry is.
        inverse: Whether to return the inverse root too.
        rank_tol: Eigenvalues up to this share of the largest are null; see `default_rank_tol`.
        deficient: Null eigenvalues become 0 in both roots ("pinv") or the threshold ("floor"), or their
            matrix NaN ("raise").
        eps: Ridge that `a` has, relative to its trace before: no eigenvalue is taken for less, or for null.
        round_off: How far below zero, relative to the largest, an eigenvalue may lie; √eps by default.
    """
    finite = whole(a)
    eigenvalues, vectors = eigenpairs(a.masked_fill(~finite[..., None, None], 0))
    return roots_from_eigenpairs(
        eigenvalues,
        vectors,
        finite,
        inverse=inverse,
        rank_tol=rank_tol,
        deficient=deficient,
        round_off=round_off,
        eps=eps,
    )


def eigenpairs(a: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues and eigenvectors; where single precision fails, found in double.

    Seen in float32: LAPACK does not converge on the covariance of a nearly flat painting.
    """
    fine = torch.promote_types(a.dtype, torch.float64)
    if a.dtype == fine or torch.compiler.is_compiling():
        return torch.linalg.eigh(a)
    try:
        return torch.linalg.eigh(a)
    except torch.linalg.LinAlgError:
        values, vectors = torch.linalg.eigh(a.to(fine))
        return values.to(a.real.dtype), vectors.to(a.dtype)


def roots_from_eigenpairs(
    eigenvalues: Tensor,
    vectors: Tensor,
    valid: Tensor,
    *,
    inverse: bool,
    rank_tol: float | None,
    deficient: str,
    round_off: float | None,
    eps: float,
) -> Solution:
    """Return the roots of vectors·eigenvalues·vectorsᴴ; NaN for what is not valid or not semidefinite."""
    largest = eigenvalues.abs().amax(-1, keepdim=True)
    threshold = largest * (default_rank_tol(eigenvalues) if rank_tol is None else rank_tol)
    if not torch.compiler.is_compiling() and bool((eigenvalues.amin(-1, keepdim=True) > threshold).all()):
        return full_rank_roots(eigenvalues.sqrt(), vectors, inverse=inverse)
    null = eigenvalues <= threshold
    if eps > 0 and rank_tol is None:
        # The ridge is known where an eigenvalue that small is round-off.
        lifted = eigenvalues.maximum(eps / (1 + eps) * eigenvalues.mean(-1, keepdim=True))
        null = lifted <= 0
    else:
        lifted = eigenvalues
    slack = torch.finfo(eigenvalues.dtype).eps ** 0.5 if round_off is None else round_off
    valid = valid & (eigenvalues >= -slack * largest).all(-1)
    if deficient == "raise":
        valid = valid & ~null.any(-1)
    if deficient == "floor":
        lifted = lifted.maximum(threshold)
        null = lifted == 0
    # An eigenvalue below the default tolerance still counts in the root, where dropping it costs accuracy.
    roots = lifted.clamp(min=0).sqrt()
    roots = roots.masked_fill(~valid[..., None], torch.nan)
    values = roots.masked_fill(null & valid[..., None], 0)
    kept = roots if rank_tol is None else values
    none = torch.zeros_like(valid)
    return Solution(
        spectral_product(vectors, kept),
        spectral_product(vectors, reciprocal(values)) if inverse else None,
        vectors,
        values,
        none.to(torch.int64),
        none,
    )


def full_rank_roots(values: Tensor, vectors: Tensor, *, inverse: bool) -> Solution:
    """Return the roots from the eigenpairs of a root without null eigenvalues: what most calls need."""
    none = torch.zeros(values.shape[:-1], dtype=torch.int64, device=values.device)
    return Solution(
        spectral_product(vectors, values),
        spectral_product(vectors, 1 / values) if inverse else None,
        vectors,
        values,
        none,
        none.bool(),
    )


def whole(a: Tensor) -> Tensor:
    """Return which matrices are finite, where one that is not is NaN throughout.

    LAPACK refuses a whole batch for one NaN in it, so such matrices are replaced, and marked afterwards.
    """
    return a[..., 0, 0].isfinite()


def spectral_product(vectors: Tensor, values: Tensor) -> Tensor:
    """Return vectors·diag(values)·vectorsᴴ."""
    return (vectors * values[..., None, :]) @ vectors.mH


def reciprocal(values: Tensor) -> Tensor:
    """Return 1/values, with 0 for 0."""
    null = values == 0
    return (1 / values.masked_fill(null, 1)).masked_fill(null, 0)


def default_rank_tol(a: Tensor) -> float:
    """Return the share of the largest eigenvalue up to which one cannot be told from zero.

    Gram matrices of deficient rank showed null eigenvalues up to 7 eps for n from 2 to 512; numpy's n·eps
    would drop eigenvalues that are known to a digit or two.
    """
    return max(16, a.shape[-1] ** 0.5) * torch.finfo(a.dtype).eps
