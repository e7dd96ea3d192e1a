"""Padding of pictures to sizes that the networks take, so that any size goes in and the same size comes out."""

import torch.nn.functional as F
from torch import Tensor

from styler.vgg import LEVELS, stride

MULTIPLE = max(stride(level) for level in LEVELS)
SMALLEST = 2 * MULTIPLE
"""Reflection needs two cells at the coarsest level."""


def padded(images: Tensor) -> Tensor:
    """Return the pictures grown to the right and downwards to multiples of the coarsest stride, at least two of it.

    The border is reflected as far as the picture reaches, then repeated: a cell at the rim sees the picture
    go on instead of a dark or a flat strip.
    """
    height, width = (max(SMALLEST, -(-size // MULTIPLE) * MULTIPLE) for size in images.shape[-2:])
    while images.shape[-2:] != (height, width):
        down, right = height - images.shape[-2], width - images.shape[-1]
        if min(images.shape[-2:]) > 1:
            right, down = min(right, images.shape[-1] - 1), min(down, images.shape[-2] - 1)
            images = F.pad(images, (0, right, 0, down), mode="reflect")
        else:
            images = F.pad(images, (0, right, 0, down), mode="replicate")
    return images
