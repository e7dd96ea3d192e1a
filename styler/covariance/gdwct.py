"""Penalties with which whitening and coloring are learned instead of computed, group by group.

A network that is trained with them gives content features that are nearly white, and a matrix for each group of
the style that is nearly orthogonal up to the lengths of its columns: then the transform needs no root.

Reference:
    Cho et al., Image-to-Image Translation via Group-wise Deep Whitening-and-Coloring Transformation (2019),
    sec. 3. arXiv:1812.09912
"""

import torch
from torch import Tensor

from styler.covariance.statistics import covariance, grouped, in_full_precision
from styler.matrix_sqrt.arguments import check_tensor
from styler.matrix_sqrt.precision import without_autocast


def whitening_penalty(x: Tensor, *, groups: int = 1) -> Tensor:
    """Return the sum of |covariance − identity|, averaged over items and groups: a number, 0 for white features.

    Args:
        x: Features, `(B, C, H, W)`.
        groups: How many groups of channels; must divide C.

    Raises:
        ValueError: If x has other axes or no position, or the groups do not divide C.

    Reference:
        Cho et al. (2019), R_w
    """
    return distance_from_identity(covariance(grouped(x, groups)))


def coloring_penalty(s: Tensor) -> Tensor:
    """Return the sum of |uᵀ·u − identity|, averaged over leading axes; u is s with columns of length one.

    Args:
        s: Matrices that the style's network gives, `(..., n, n)`: u times the columns' lengths d.

    Raises:
        ValueError: If the matrices are not square.

    Reference:
        Cho et al. (2019), R_c
    """
    u, _ = unit_columns(s)
    with without_autocast(s):
        return distance_from_identity(u.mT @ u)


def coloring_matrix(s: Tensor) -> Tensor:
    """Return u·diag(d)·uᵀ, `(..., n, n)`: a root of the style's covariance where `coloring_penalty` is 0.

    Args:
        s: Matrices that the style's network gives, `(..., n, n)`.

    Raises:
        ValueError: If the matrices are not square.
    """
    u, lengths = unit_columns(s)
    with without_autocast(s):
        return (u * lengths) @ u.mT


def unit_columns(s: Tensor) -> tuple[Tensor, Tensor]:
    """Return columns of length one and their lengths `(..., 1, n)`, in float32 or finer; a zero column stays zero."""
    check_tensor(s, name="s")
    if s.ndim < 2 or s.shape[-1] != s.shape[-2]:
        raise ValueError(f"expected s of shape (..., n, n), got {tuple(s.shape)}")
    s = in_full_precision(s)
    lengths = torch.linalg.vector_norm(s, dim=-2, keepdim=True)
    return s / lengths.clamp_min(torch.finfo(s.dtype).tiny), lengths


def distance_from_identity(a: Tensor) -> Tensor:
    """Return the sum of |a − identity| over the entries of a matrix, averaged over matrices."""
    identity = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    return (a - identity).abs().sum((-2, -1)).mean()
