"""Regions of a picture with styles of their own: the shares of soft masks, and the moments of each region.

Masks are `(R, 1, H, W)`, floats in [0, 1] or integers at full scale. The first style is for the pixels
outside all masks, each other style for its mask; where masks overlap, the styles share.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import Level
from styler.model.vgg import stride
from styler.transfer.canvas import float_part
from styler.transfer.moments import Moments, RunningMoments, mixed_moments, moments_of
from styler.transfer.tiling import Box


def shares_of(masks: Tensor | None, box: Box, level: Level, *, device: torch.device) -> Tensor | None:
    """Return the share of each of R + 1 styles in the cells of `level` in `box`, `(R + 1, 1, h, w)`; they sum to one.

    Without masks there is one style, and nothing to share: None.
    """
    if masks is None:
        return None
    return shares_in_cells(float_part(masks, box, device=device), level)


def shares_in_cells(masks: Tensor, level: Level) -> Tensor:
    """Return the share of each of R + 1 styles in the cells of `level`, `(R + 1, 1, h, w)`, from floats in [0, 1]."""
    parts = F.avg_pool2d(masks, stride(level))
    total = parts.sum(0, keepdim=True)
    return torch.cat([(1 - total).clamp_min(0), parts / total.clamp_min(1)])


class RegionalMoments:
    """The moments of each of `count` regions, accumulated tile by tile."""

    def __init__(self, count: int):
        self.regions = [RunningMoments() for _ in range(count)]

    def add(self, features: Tensor, shares: Tensor | None) -> None:
        """Add a tile's features `(B, C, h, w)`, to each region by its share; without shares there is one region."""
        if shares is None:
            self.regions[0].add(moments_of(features), features[0, 0].numel())
            return
        for region, share in zip(self.regions, shares, strict=True):
            region.add(moments_of(features, share[None]), float(share.sum()))

    def shrunk(self) -> list[Moments | None]:
        """Return the moments of each region; None for an empty one.

        The covariance of a small region is shrunk toward the whole picture's, which counts as much as C cells: a
        region of less than C cells has no full-rank covariance of its own, and a single cell none at all.
        """
        if len(self.regions) == 1:
            return [self.regions[0].moments]
        entire = mixed_moments(*zip(*((r.moments, r.weight) for r in self.regions if r.moments), strict=True))
        return [r.moments and _shrunk(r.moments, entire, r.weight) for r in self.regions]


def _shrunk(region: Moments, entire: Moments, size: float) -> Moments:
    own = size / (size + region.mean.shape[-1])
    return region._replace(covariance=torch.lerp(entire.covariance, region.covariance, own))
