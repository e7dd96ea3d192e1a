"""Features mapped to a style's moments, without decompositions, blocks, or branches on values.

Features are `(1, C, H, W)` in float32. Regions are given by the shares of their styles in each cell, `(R, 1, H, W)`,
which sum to 1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.matrix_sqrt import transport
from styler.transfer.whitening import EPS

TINY = torch.finfo(torch.float32).tiny


def two_pass_moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean `(1, C)` and covariance `(1, C, C)` of features."""
    x = features.flatten(2)
    mean = x.mean(-1)
    x = x - mean.unsqueeze(-1)
    return mean, x @ x.mT / x.shape[-1]


def regional_moments(features: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean `(R, C)` and covariance `(R, C, C)` of features in each region.

    The covariance of a small region is shrunk toward the whole picture's, see `styler.transfer.regions`.
    """
    weights = shares.flatten(2)
    sizes = weights.sum(-1, keepdim=True)
    weights = weights / sizes.clamp_min(TINY)
    mean = (features.flatten(2) * weights).sum(-1)
    x = features.flatten(2) - mean.unsqueeze(-1)
    _, entire = two_pass_moments(features)
    return mean, torch.lerp(entire, (x * weights) @ x.mT, sizes / (sizes + features.shape[1]))


def transported(features: Tensor, mean: Tensor, covariance: Tensor, strength: Tensor) -> Tensor:
    """Return features mapped to these moments at a strength: a 1×1 convolution."""
    matrix, bias = transport_map(*two_pass_moments(features), mean, covariance, strength)
    return F.conv2d(features, matrix[0, :, :, None, None], bias[0])


def transported_by_region(
    features: Tensor, shares: Tensor, mean: Tensor, covariance: Tensor, strength: Tensor
) -> Tensor:
    """Return features mapped in each region to moments of its own, `(R, C)` and `(R, C, C)`, at a strength."""
    matrix, bias = transport_map(*regional_moments(features, shares), mean, covariance, strength)
    mapped = matrix @ features.flatten(2) + bias.unsqueeze(-1)
    return (mapped * shares.flatten(2)).sum(0).view_as(features)


def transport_map(
    mean: Tensor, covariance: Tensor, target: Tensor, wanted: Tensor, strength: Tensor
) -> tuple[Tensor, Tensor]:
    """Return matrix `(R, C, C)` and bias `(R, C)` of the maps from moments to others, at a strength."""
    identity = torch.eye(covariance.shape[-1])
    matrix = transport(covariance + EPS * identity, wanted, method="products")
    matrix = torch.lerp(identity, matrix, strength)
    return matrix, torch.lerp(mean, target, strength) - (matrix @ mean.unsqueeze(-1)).squeeze(-1)
