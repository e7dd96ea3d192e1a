"""Trilinear lookup in tables of colors, in strips of a picture of any size.

Pictures are `(B, 3, H, W)`, floats in [0, 1] or integers at full scale.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.transfer.canvas import float_part, like_canvas
from styler.transfer.regions import shares_of
from styler.transfer.tiling import Box

if TYPE_CHECKING:
    from styler.photo.color_table import ColorTable

STRIP = 2**19
"""Pixels that are looked up at a time: floats of a whole large picture would take too much memory."""


def looked_up(colors: Tensor, values: Tensor, low: Sequence[float], high: Sequence[float]) -> Tensor:
    """Return the colors of a table, not clamped, interpolated between its eight nearest entries.

    Args:
        colors: `(B, 3, H, W)`, floats; those outside the table take its border's.
        values: `(N, N, N, 3)`, indexed by blue, green and red.
        low: The color of the first entry.
        high: The color of the last one.
    """
    first, last = (colors.new_tensor(x).view(3, 1, 1) for x in (low, high))
    places = ((colors - first) * (2 / (last - first)) - 1).movedim(1, -1)[:, None].contiguous()
    volume = values.to(colors).movedim(-1, 0)[None].contiguous(memory_format=torch.channels_last_3d)
    volume = volume.expand(len(colors), -1, -1, -1, -1)
    return F.grid_sample(volume, places, mode="bilinear", padding_mode="border", align_corners=True)[:, :, 0]


def graded(
    samples: Tensor, tables: Sequence["ColorTable"], masks: Tensor | None = None, keep: Tensor | None = None
) -> Tensor:
    """Return the picture with its colors looked up, in the type of its samples.

    Args:
        samples: The photograph.
        tables: One for the whole picture, or that one and then one for each mask.
        masks: Where the tables of regions go, `(R, 1, H, W)`; soft edges mix the results.
        keep: Where the photograph stays as it is, `(1, 1, H, W)`.
    """
    result = torch.empty_like(samples)
    for box in strips(samples.shape[-2], samples.shape[-1]):
        part = float_part(samples, box)
        shares = shares_of(masks, box, "relu1_1", device=part.device)
        found = [looked_up(part, *table).clamp_(0, 1) for table in tables]
        changed = found[0] if shares is None else sum(x * share for x, share in zip(found, shares, strict=True))
        if keep is not None:
            changed = torch.lerp(changed, part, float_part(keep, box, device=part.device))
        result[..., *box.slices] = like_canvas(samples, changed)
    return result


def strips(height: int, width: int) -> list[Box]:
    """Return the strips of rows in which a picture is looked up, from top to bottom."""
    rows = max(1, STRIP // max(1, width))
    return [Box(top, 0, min(top + rows, height), width) for top in range(0, height, rows)]
