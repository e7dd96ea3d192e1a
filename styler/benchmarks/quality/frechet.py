"""The Fréchet distance between two sets of pictures, by a judge's pooled features."""

from collections.abc import Sequence

import torch
from torch import Tensor

from styler.transfer.moments import moments_of, wasserstein


def frechet_distance(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> float | None:
    """Return the squared 2-Wasserstein distance between Gaussians fitted to pooled features, relative to `wanted`'s.

    Args:
        found: Pooled features of each result, `(1, C)`.
        wanted: Those of each style.

    Returns:
        The distance over the total variance of `wanted`, so that judges can be compared; 0 for equal sets, None for a
        single style, which has no variance.

    Reference:
        Heusel et al., GANs Trained by a Two Time-Scale Update Rule (2017), eq. 6. arXiv:1706.08500
    """
    if len(wanted) < 2:
        return None
    ours, theirs = (moments_of(torch.cat(list(x)).double().T[None, :, :, None]) for x in (found, wanted))
    return float(wasserstein(ours, theirs) / theirs.covariance.diagonal(dim1=-2, dim2=-1).sum())
