"""Mean and covariance of features: they define a style, and the transform needs nothing else of the content."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from styler.matrix_sqrt import bures_wasserstein
from styler.matrix_sqrt.scaling import symmetric

BLOCK = 2**19
"""Elements per block, two megabytes in float32: smaller blocks cost more in thread wake-ups than the cache saves."""


class _Pair(NamedTuple):
    mean: Tensor
    covariance: Tensor


class Moments(_Pair):
    """Mean `(B, C)` and biased covariance `(B, C, C)` of features over positions, in float32 or finer.

    The covariance is exactly symmetric, which products are not on every processor: files keep one triangle of it.
    """

    @cached_property
    def roots(self) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
        """Cache of the roots of the covariance, their residuals, and whether they fell back, by method."""
        return {}


def moments_of(features: Tensor, weights: Tensor | None = None) -> Moments:
    """Return the moments of features `(B, C, H, W)`, of each item over its own positions.

    `weights` `(1, 1, H, W)` weight the positions; if all are zero, so are the moments.
    """
    dtype = torch.promote_types(features.dtype, torch.float32)
    if weights is not None:
        return _weighted_moments(features.to(dtype), weights.to(dtype))
    blocks, count = positions(features), features[0, 0].numel()
    near = blocks[0].to(dtype).mean(1, keepdim=True)  # one pass, and sums about it lose next to no precision
    total, squares = torch.zeros_like(near), 0.0
    with torch.autocast(features.device.type, enabled=False):
        for x in blocks:
            y = x.to(dtype) - near
            total = total + y.sum(1, keepdim=True)
            squares = squares + y.mT @ y
        off = total / count
        return Moments((near + off).squeeze(1), symmetric(squares / count - off.mT * off))


def _weighted_moments(features: Tensor, weights: Tensor) -> Moments:
    shares = weights.flatten(2) / weights.sum().clamp_min(torch.finfo(weights.dtype).tiny)
    mean = (features.flatten(2) * shares).sum(-1)
    x = features.flatten(2) - mean.unsqueeze(-1)
    with torch.autocast(features.device.type, enabled=False):
        return Moments(mean, symmetric((x * shares) @ x.mT))


def wasserstein(a: Moments, b: Moments) -> Tensor:
    """Return the squared 2-Wasserstein distance between Gaussians with these moments, `(B,)`.

    Reference:
        Dowson & Landau, The Fréchet Distance between Multivariate Normal Distributions (1982), eq. 16; the
        gradient of the root in it is `matrix_sqrt`'s.
    """
    return (a.mean - b.mean).square().sum(-1) + bures_wasserstein(a.covariance, b.covariance)


def positions(features: Tensor) -> tuple[Tensor, ...]:
    """Return features `(B, C, ...)` as blocks `(B, n, C)` of positions, small enough for a processor's cache."""
    x = features.flatten(2).mT
    return x.split(max(1, BLOCK // x.shape[-1]), dim=1)


class RunningMoments:
    """The moments of a picture, accumulated in place from those of its parts.

    Reference:
        Chan, Golub & LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances (1979).
    """

    def __init__(self) -> None:
        self.weight = 0.0
        self.moments: Moments | None = None

    def add(self, part: Moments, weight: float) -> None:
        """Add a part; `weight` is its number of positions, or its share on any scale."""
        if weight <= 0:
            return
        self.weight += weight
        if self.moments is None:
            self.moments = Moments(*(x.clone() for x in part))
            return
        share, (mean, covariance) = weight / self.weight, self.moments
        apart = part.mean - mean
        covariance.lerp_(part.covariance, share)
        covariance.add_(apart.unsqueeze(-1) * apart.unsqueeze(-2), alpha=share * (1 - share))  # exactly symmetric
        mean.add_(apart, alpha=share)


def mixed_moments(parts: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """Return the moments of a mixture, by the law of total covariance; `weights` need not sum to one."""
    mixture = RunningMoments()
    for part, weight in zip(parts, weights, strict=True):
        mixture.add(part, weight)
    if mixture.moments is None:
        raise ValueError(f"expected a weight above zero, got {list(weights)}")
    return mixture.moments
