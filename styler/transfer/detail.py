"""Detail: the fine luminance of the content, put back onto the result. Images are RGB in [0, 1], `(B, 3, H, W)`."""

import torch.nn.functional as F
from torch import Tensor

from styler.images.pixels import luminance

RADIUS = 4
"""Of the windows of the guided filter, in pixels: finer structure is detail."""

EPS = 4e-3
"""Variance of luminance above which an edge stays out of the detail; a step of 0.06 is half detail."""

MARGIN = 2 * RADIUS
"""Pixels around a part of a picture that its detail depends on."""


def fine_luminance(images: Tensor) -> Tensor:
    """Return the luminance less its guided filter, `(B, 1, H, W)`, about zero: texture and thin lines, no shading.

    Reference:
        He, Sun & Tang, Guided Image Filtering (2013), eq. 5, 6 and 8, the picture being its own guide.
    """
    y = luminance(images)
    mean = _box(y)
    variance = (_box(y.square()) - mean.square()).clamp_min(0)
    slope = variance / (variance + EPS)
    return y - (_box(slope) * y + _box(mean - slope * mean))


def _box(images: Tensor) -> Tensor:
    return F.avg_pool2d(images, 2 * RADIUS + 1, stride=1, padding=RADIUS, count_include_pad=False)
