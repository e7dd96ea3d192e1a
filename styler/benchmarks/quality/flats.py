"""Flat parts of the contents: whether a style reaches skies, walls and blacks."""

import torch.nn.functional as F
from torch import Tensor

from styler.transfer.moments import Moments, moments_of
from styler.transfer.seeding import local_deviation

FLAT = 0.01
"""Deviation of luminance, in windows of 9×9 pixels, below which a pixel counts as flat."""

MIN_SHARE = 0.02
"""Of the picture that must be flat: fewer positions have no moments of their own."""


def flat_parts(content: Tensor) -> Tensor | None:
    """Return where a content is flat, `(1, 1, H, W)`: 1 there, 0 elsewhere; None if hardly anywhere."""
    flat = (local_deviation(content) < FLAT).float()
    return flat if float(flat.mean()) >= MIN_SHARE else None


def moments_in(maps: list[Tensor], part: Tensor) -> list[Moments]:
    """Return the moments of feature maps within a part of the picture, each cell weighted by its share in it."""
    return [moments_of(x, F.interpolate(part, x.shape[-2:], mode="area")) for x in maps]
