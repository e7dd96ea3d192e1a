"""Folding: a map of features followed by a convolution is one convolution."""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.encoder import Conv3x3
from styler.moments import BLOCK
from styler.whitening import Affine


def folded(conv: Conv3x3, features: Tensor, affine: Affine) -> Tensor:
    """Return the convolution of the mapped features `(B, C, H, W)`, in the map's precision.

    Exact up to rounding, at the border too: reflection and a map of each position by itself commute.
    """
    items = zip(features.split(1), affine.matrix, affine.center, affine.target, strict=True)
    return torch.cat([_folded(conv, *item) for item in items])


def _folded(conv: Conv3x3, features: Tensor, matrix: Tensor, center: Tensor, target: Tensor) -> Tensor:
    weight = conv.weight.to(matrix)
    bias = conv.bias.to(matrix) + weight.sum((2, 3)) @ (target - matrix @ center)
    weight = torch.einsum("oikl,ij->ojkl", weight, matrix).contiguous(memory_format=torch.channels_last)
    x = F.pad(features, (1, 1, 1, 1), mode="reflect")
    rows = max(1, BLOCK // x[0, :, 0].numel())  # a strip of rows at a time: all of them in float32 would be large
    strips = (x[..., top : top + rows + 2, :].to(weight) for top in range(0, features.shape[-2], rows))
    return torch.cat([F.conv2d(strip, weight, bias) for strip in strips], dim=-2)
