"""Square roots by eigendecomposition: the reference, accurate to round-off at any spectrum."""

from typing import NamedTuple

import torch
from torch import Tensor

from styler.matrix_sqrt.solution import Solution
from styler.matrix_sqrt.tracing import traced


class Rules(NamedTuple):
    """How eigenvalues near and below zero are treated.

    rank_tol: Those up to this share of the largest are null; see `default_rank_tol`.
    deficient: Null eigenvalues become 0 in both roots ("pinv") or the threshold ("floor"), or their matrix
        NaN ("raise").
    round_off: How far below zero, relative to the largest, they may lie.
    eps: Ridge that the matrix has, relative to its trace before: none is taken for less, or for null.
    """

    rank_tol: float | None
    deficient: str
    round_off: float
    eps: float


def eigh_roots(
    a: Tensor, rules: Rules, *, scale: Tensor, finite: bool = False, root: bool = True, inverse: bool = True
) -> Solution:
    """Return the roots of Hermitian matrices scale²·a, `(..., n, n)`, in single or double precision.

    Non-finite matrices, and those with an eigenvalue more negative than round-off, come back as NaN.

    Args:
        a: Hermitian with entries near one; all NaN where an entry is.
        scale: Powers of two, `(..., 1, 1)`.
        finite: Whether `a` is known to be so.
        root: Whether to return the root.
        inverse: Whether to return the inverse root.
    """
    valid = None if finite else whole(a)
    eigenvalues, vectors = eigenpairs(with_zeros(a, valid))
    return roots_from_eigenpairs(eigenvalues, vectors, valid, rules, scale=scale, root=root, inverse=inverse)


def eigenpairs(a: Tensor) -> tuple[Tensor, Tensor]:
    """Return eigenvalues and eigenvectors; where single precision fails, found in double.

    Seen in float32: LAPACK does not converge on the covariance of a nearly flat painting.
    """
    # LAPACK works on columns: of the adjoint, whose columns are rows of `a`, no transposed copy is made.
    a = a.mH
    if torch.compiler.is_compiling():
        return torch.linalg.eigh(a)
    try:
        return torch.linalg.eigh(a)
    except torch.linalg.LinAlgError:
        fine = torch.complex128 if a.is_complex() else torch.float64
        if a.dtype == fine:
            raise
        values, vectors = torch.linalg.eigh(a.to(fine))
        return values.to(a.real.dtype), vectors.to(a.dtype)


def roots_from_eigenpairs(
    eigenvalues: Tensor,
    vectors: Tensor,
    valid: Tensor | None,
    rules: Rules,
    *,
    scale: Tensor,
    root: bool,
    inverse: bool,
) -> Solution:
    """Return scale times the roots of vectors·eigenvalues·vectorsᴴ.

    NaN for what is not valid (all is where that is None) or not semidefinite.
    """
    rank_tol, deficient, round_off, eps = rules
    share = default_rank_tol(eigenvalues) if rank_tol is None else rank_tol
    if not traced(eigenvalues) and bool((eigenvalues.amin(-1) > share * eigenvalues.amax(-1)).all()):
        # Of full rank, as most are. An item that is not valid has become zero, and is not.
        values = eigenvalues.sqrt() * scale[..., 0]
        inverse_root = spectral_product(vectors, 1 / values) if inverse else None
        return Solution(
            spectral_product(vectors, values) if root else None, inverse_root, vectors, values, full_rank=True
        )
    largest = eigenvalues.abs().amax(-1, keepdim=True)
    threshold = largest * share
    null = eigenvalues <= threshold
    if eps > 0 and rank_tol is None:
        # The ridge is known where an eigenvalue that small is round-off.
        lifted = eigenvalues.maximum(eps / (1 + eps) * eigenvalues.mean(-1, keepdim=True))
        null = lifted <= 0
    else:
        lifted = eigenvalues
    semidefinite = (eigenvalues >= -round_off * largest).all(-1)
    valid = semidefinite if valid is None else valid & semidefinite
    if deficient == "raise":
        valid = valid & ~null.any(-1)
    if deficient == "floor":
        lifted = lifted.maximum(threshold)
        null = lifted == 0
    # An eigenvalue below the default tolerance still counts in the root, where dropping it costs accuracy.
    roots = lifted.clamp(min=0).sqrt() * scale[..., 0]
    roots = roots.masked_fill(~valid[..., None], torch.nan)
    values = roots.masked_fill(null & valid[..., None], 0)
    kept = roots if rank_tol is None else values
    inverse_root = spectral_product(vectors, reciprocal(values)) if inverse else None
    return Solution(spectral_product(vectors, kept) if root else None, inverse_root, vectors, values)


def whole(a: Tensor) -> Tensor:
    """Return which matrices are finite, where one that is not is NaN throughout."""
    return a[..., 0, 0].isfinite()


def with_zeros(a: Tensor, valid: Tensor | None) -> Tensor:
    """Return the matrices with zeros for those that are not valid: LAPACK refuses a whole batch for one NaN."""
    return a if valid is None else a.masked_fill(~valid[..., None, None], 0)


def spectral_product(vectors: Tensor, values: Tensor) -> Tensor:
    """Return vectors·diag(values)·vectorsᴴ."""
    return product(vectors * values.unsqueeze(-2), vectors.mH)


def product(x: Tensor, y: Tensor) -> Tensor:
    """Return x·y for as many axes; `@` spends 3 µs on flattening a batch that is flat."""
    return torch.bmm(x, y) if x.ndim == 3 else x @ y


def reciprocal(values: Tensor) -> Tensor:
    """Return 1/values, with 0 for 0."""
    null = values == 0
    return (1 / values.masked_fill(null, 1)).masked_fill(null, 0)


def default_rank_tol(a: Tensor) -> float:
    """Return the share of the largest eigenvalue up to which one cannot be told from zero.

    Covariances of deficient rank showed null eigenvalues up to 6 eps for n from 2 to 64, and up to 1.2·√n·eps beyond
    (n equal channels). Each digit more would cut off eigenvalues that are known to one: at 8 eps the gradient in
    float32 at a condition number of 1e6 is as good as that without a cut, at 16 eps it is off by a half.
    """
    return rank_share(a.shape[-1], a.dtype)


def rank_share(n: int, dtype: torch.dtype) -> float:
    """Return the same for a size and a dtype."""
    return max(8, n**0.5) * torch.finfo(dtype).eps
