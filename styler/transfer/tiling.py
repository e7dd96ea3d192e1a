"""Geometry: padding to sizes that the networks take, tiles, and how far each level's networks see beyond a tile.

Tile edges lie on the grid of the coarsest cells, so that pooling falls as it would in the whole picture; with its
margin around it, the inside of a tile comes out as it would there.
"""

from typing import NamedTuple, Self

import torch
from torch import Tensor

from styler.choices import LEVELS, Level
from styler.model.vgg import layers_to, stride

MULTIPLE = max(stride(level) for level in LEVELS)
SMALLEST = 2 * MULTIPLE
"""Reflection needs two cells at the coarsest level."""


class Box(NamedTuple):
    """A part of a picture, in pixels; `bottom` and `right` are past its end."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rows and columns of the box in a picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, margin: int, height: int, width: int) -> Self:
        """Return the box with a margin around it, as far as a picture of this size goes."""
        top, left = max(0, self.top - margin), max(0, self.left - margin)
        return self._replace(
            top=top, left=left, bottom=min(height, self.bottom + margin), right=min(width, self.right + margin)
        )

    def within(self, outer: "Box", *, stride: int = 1) -> tuple[slice, slice]:
        """Return where this box lies in what was cut out by `outer`, in cells of `stride` pixels."""
        rows = slice((self.top - outer.top) // stride, (self.bottom - outer.top) // stride)
        return rows, slice((self.left - outer.left) // stride, (self.right - outer.left) // stride)


def grid(height: int, width: int, tile: int | None) -> list[list[Box]]:
    """Return the rows of tiles of `tile` pixels a side, a multiple of eight; the last ones are what is left."""
    if tile is None or tile >= max(height, width):
        return [[Box(0, 0, height, width)]]
    return [
        [Box(top, left, min(top + tile, height), min(left + tile, width)) for left in range(0, width, tile)]
        for top in range(0, height, tile)
    ]


def encoder_margin(level: Level, *, antialiased: bool = False) -> int:
    """Return how many pixels around a tile the features of `level` in it depend on, in whole coarsest cells."""
    reach = 0
    for name in reversed(layers_to(level)):
        reach = 2 * reach + antialiased if name == "pool" else reach + 1  # the blur takes one position more
    return _in_cells(reach)


def decoder_margin(level: Level, *, antialiased: bool = False) -> int:
    """Return how many pixels around a tile the features lie that its decoded pixels depend on, in whole cells."""
    reach, cell = 0, 1
    for name in layers_to(level):
        if name == "pool":
            reach, cell = -(-(reach + antialiased) // 2), 2 * cell
        else:
            reach += 1
    return _in_cells(reach * cell)


def _in_cells(pixels: int) -> int:
    return -(-pixels // MULTIPLE) * MULTIPLE


def padded_size(height: int, width: int) -> tuple[int, int]:
    """Return the next multiples of the coarsest stride, at least two of it."""
    height, width = (max(SMALLEST, -(-size // MULTIPLE) * MULTIPLE) for size in (height, width))
    return height, width


def padded(images: Tensor) -> Tensor:
    """Return the pictures grown to the right and downwards to `padded_size`.

    At the border the picture is reflected, over and over if it is small: a cell at the rim sees the picture go on
    instead of a dark or a flat strip.
    """
    height, width = images.shape[-2:]
    rows, columns = padded_size(height, width)
    if rows > height:
        images = images.index_select(-2, reflected(height, rows).to(images.device))
    return images.index_select(-1, reflected(width, columns).to(images.device)) if columns > width else images


def reflected(size: int, padded: int) -> Tensor:
    """Return which of `size` pixels in a row stands at each of `padded`."""
    period = max(1, 2 * (size - 1))
    index = torch.arange(padded) % period
    return torch.minimum(index, period - index) if size > 1 else torch.zeros(padded, dtype=torch.long)
