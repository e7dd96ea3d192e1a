"""Halving and doubling the resolution of features, with or without anti-aliasing.

Max pooling and nearest upsampling alias: a picture shifted by one pixel gives other features than the shifted ones,
which shimmers in video and draws a grid of one to two pixels in pictures. Networks are trained for one of both.
"""

import torch.nn.functional as F
from torch import Tensor


def halved(features: Tensor, *, antialiased: bool) -> Tensor:
    """Return the features at half the resolution, `(..., H / 2, W / 2)`: the maximum of 2×2 cells.

    Anti-aliased, maxima are taken at every position and blurred with [1 2 1] / 4 before every second is kept.

    Reference:
        Zhang, Making Convolutional Networks Shift-Invariant Again (2019), section 3.1. arXiv:1904.11486
    """
    if not antialiased:
        return F.max_pool2d(features, 2)
    maxima = F.max_pool2d(features, 2, stride=1)
    # Two averages of two make [1 2 1] / 4; padding that is not counted repeats the outermost maximum.
    return F.avg_pool2d(F.avg_pool2d(maxima, 2, stride=1, padding=1, count_include_pad=False), 2)


def doubled(features: Tensor, *, antialiased: bool) -> Tensor:
    """Return the features at twice the resolution, `(..., 2H, 2W)`: repeated, or anti-aliased, bilinear."""
    return F.interpolate(features, scale_factor=2.0, mode="bilinear" if antialiased else "nearest")
