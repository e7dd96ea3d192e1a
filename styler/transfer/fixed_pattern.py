"""The grid that pooling and upsampling leave in a stylized picture, found and taken away.

It is fixed-pattern noise, as of an image sensor: the same four by four pixels again and again, changing slowly over the
picture. What the picture itself has there differs from cell to cell, so the mean over some hundred cells is the
pattern alone, and taking it away blurs nothing. Images are RGB floats, `(B, 3, H, W)`, sides multiples of four.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.images.pixels import quantized, to_float
from styler.transfer.tiling import Box

CELL = 4
"""Side of the pattern, in pixels: of two poolings. Patterns of eight pixels do not stand out of the pictures."""

BLOCK = 8
"""Side of the blocks, in cells, whose means are taken; the eight around each count as much."""

PRIOR = 0.1
"""Share of a full neighbourhood that is assumed to have no pattern: a picture of few cells keeps its detail."""

STRIP = 2 * BLOCK * CELL
"""Rows of a large picture that are processed at once."""


def without_fixed_pattern(images: Tensor) -> Tensor:
    """Return the images without their fixed pattern, in [0, 1]."""
    return without(images, spread(normalized(block_means(cells_of(images)))))


def remove_fixed_pattern(pixels: Tensor, *, device: torch.device) -> None:
    """Take the fixed pattern from integer pixels, strip by strip, in place.

    Args:
        pixels: Pictures, integers at full scale.
        device: Where a strip is computed.
    """
    height, width = pixels.shape[-2:]
    strips = [Box(top, 0, min(top + STRIP, height), width) for top in range(0, height, STRIP)]
    means = []
    for box in strips:
        area = box.grown(CELL, height, width)
        cells = cells_of(to_float(pixels[..., *area.slices].to(device)))
        means.append(block_means(cells[..., *box.within(area, stride=CELL)]))
    found = normalized(torch.cat(means, -2))
    for box in strips:
        first, end = box.top // (CELL * BLOCK), -(-box.bottom // (CELL * BLOCK))
        above = min(1, first)
        pattern = spread(found[..., first - above : end + 1, :])[..., above * BLOCK :, :]
        part = without(to_float(pixels[..., *box.slices].to(device)), pattern)
        pixels[..., *box.slices] = quantized(part, pixels.dtype).to(pixels.device)


def without(images: Tensor, pattern: Tensor) -> Tensor:
    """Return the images less the pattern at each cell, which may reach beyond them, in [0, 1]."""
    rows, columns = (size // CELL for size in images.shape[-2:])
    return (images - F.pixel_shuffle(pattern[..., :rows, :columns], CELL)).clamp(0, 1)


def cells_of(images: Tensor) -> Tensor:
    """Return how images differ from smooth ones, each place in a cell as a channel, `(B, 48, H/4, W/4)`."""
    smooth = F.interpolate(F.avg_pool2d(images, CELL), scale_factor=CELL, mode="bilinear")
    return F.pixel_unshuffle(images - smooth, CELL)


def counted_cells(cells: Tensor) -> Tensor:
    """Return the cells with a channel of ones, by which `normalized` sees how full a block is."""
    return torch.cat([cells, torch.ones_like(cells[:, :1])], 1)


def block_means(cells: Tensor) -> Tensor:
    """Return the means of blocks of counted cells, `(B, 49, ⌈h/8⌉, ⌈w/8⌉)`; outside the picture all is 0."""
    height, width = cells.shape[-2:]
    return F.avg_pool2d(F.pad(counted_cells(cells), (0, -width % BLOCK, 0, -height % BLOCK)), BLOCK)


def normalized(means: Tensor) -> Tensor:
    """Return the pattern at each block, from what `block_means` found."""
    around = F.avg_pool2d(means, 3, stride=1, padding=1)
    return around[:, :-1] / (around[:, -1:] + PRIOR)


def spread(pattern: Tensor) -> Tensor:
    """Return the pattern at each cell from that at each block."""
    return F.interpolate(pattern, scale_factor=BLOCK, mode="bilinear")
