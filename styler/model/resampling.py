"""Halving and doubling the resolution of features, with or without anti-aliasing.

Max pooling and nearest upsampling alias: a picture shifted by one pixel gives other features than the shifted ones,
which shimmers in video and draws a grid of one to two pixels in pictures. Networks are trained for one of both.
"""

import torch
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
    # Faster on processors than max pooling and average pooling with stride 1, by two thirds.
    rows = torch.maximum(features[..., :-1, :], features[..., 1:, :])
    maxima = F.pad(torch.maximum(rows[..., :-1], rows[..., 1:]), (1, 1, 1, 1), mode="replicate")
    weights = features.new_tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(weights, weights).expand(features.shape[-3], 1, 3, 3)
    return F.conv2d(maxima, kernel, stride=2, groups=features.shape[-3])


def doubled(features: Tensor, *, antialiased: bool) -> Tensor:
    """Return the features at twice the resolution, `(..., 2H, 2W)`: repeated, or anti-aliased, bilinear."""
    return F.interpolate(features, scale_factor=2.0, mode="bilinear" if antialiased else "nearest")
