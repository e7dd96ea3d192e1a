"""A table of colors, RGB to RGB: made, blended, resampled and checked. Colors are in [0, 1], sRGB."""

from typing import NamedTuple

import torch
from torch import Tensor

from styler.images.pixels import LUMA
from styler.photo.lookup import looked_up

NUM_POINTS = 33
"""Points a side of a table that is fitted, as most programs expect."""

Color = tuple[float, float, float]


class ColorTable(NamedTuple):
    """Colors `(N, N, N, 3)`, indexed by blue, green and red as in a .cube file, and the colors of both ends.

    Colors outside [0, 1], which a file may have, are clamped when they have been interpolated.
    """

    values: Tensor
    low: Color = (0.0, 0.0, 0.0)
    high: Color = (1.0, 1.0, 1.0)

    @property
    def num_points(self) -> int:
        """Points a side."""
        return self.values.shape[0]

    @property
    def points(self) -> Tensor:
        """The colors that the entries of the table are for, `(N, N, N, 3)`."""
        red, green, blue = (torch.linspace(*ends, self.num_points) for ends in zip(self.low, self.high, strict=True))
        blue, green, red = torch.meshgrid(blue, green, red, indexing="ij")
        return torch.stack((red, green, blue), -1)


def identity_table(num_points: int = NUM_POINTS) -> ColorTable:
    """Return the table that changes nothing."""
    table = ColorTable(torch.empty(num_points, num_points, num_points, 3))
    return table._replace(values=table.points)


def blended(table: ColorTable, alpha: float) -> ColorTable:
    """Return the table at strength `alpha`, 0 (no change) to 1; exact, since interpolation keeps the identity."""
    return table._replace(values=torch.lerp(table.points, table.values, alpha))


def resampled(table: ColorTable, num_points: int) -> ColorTable:
    """Return the table with another number of points a side: exact from 33 to 65, whose points include the 33."""
    if num_points == table.num_points:
        return table
    points = identity_table(num_points)._replace(low=table.low, high=table.high).points
    values = looked_up(points.view(1, -1, 1, 3).movedim(-1, 1), table.values, table.low, table.high)
    return table._replace(values=values.movedim(1, -1).view(points.shape))


def largest_fall(table: ColorTable) -> float:
    """Return by how much the luminance falls, at most, from one grey to a lighter one; 0 where no tones swap."""
    index = torch.arange(table.num_points)
    greys = table.values[index, index, index].clamp(0, 1) @ table.values.new_tensor(LUMA)
    return float((greys.cummax(0).values - greys).max())
