"""Transparency: colors under fully transparent pixels must not influence what is visible.

They are replaced by the colors of visible pixels nearby, and moments are weighted by alpha. Samples are
`(B, 3, H, W)`, alpha is `(1, 1, H, W)`, floats in [0, 1] or integers at full scale.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import Level
from styler.model.vgg import stride
from styler.transfer.canvas import float_part, like_canvas
from styler.transfer.tiling import Box, grid

TILE = 1024
"""Side, in pixels, of the parts that are converted to floats at a time."""

NUM_CELLS = 64
"""Cells along the longer side, at least half as many, of the coarse picture that hidden pixels take colors from."""


def with_hidden_filled(samples: Tensor, alpha: Tensor | None) -> Tensor:
    """Return the samples with the colors of visible pixels nearby where alpha is 0."""
    if alpha is None:
        return samples
    height, width = samples.shape[-2:]
    boxes = [box for row in grid(height, width, TILE) for box in row]
    hidden = [box for box in boxes if bool((float_part(alpha, box) == 0).any())]
    if not hidden:
        return samples
    cell = max(1, 2 ** (max(height, width) // NUM_CELLS).bit_length() // 2)
    coarse = visible_colors(samples, alpha, boxes, cell)
    filled = samples.clone()
    for box in hidden:
        part, seen = float_part(samples, box), float_part(alpha, box)
        around = torch.where(seen == 0, sampled(coarse, box, cell), part)
        filled[..., *box.slices] = like_canvas(filled, around)
    return filled


def visible_colors(samples: Tensor, alpha: Tensor, boxes: list[Box], cell: int) -> Tensor:
    """Return the mean color of the visible pixels in each cell; cells without any take that of their neighbours."""
    height, width = samples.shape[-2:]
    rows, columns = -(-height // cell), -(-width // cell)
    colors = torch.zeros(len(samples), 3, rows, columns)
    seen = torch.zeros(1, 1, rows, columns)
    for box in boxes:
        weights = float_part(alpha, box).cpu()
        place = slice(box.top // cell, -(-box.bottom // cell)), slice(box.left // cell, -(-box.right // cell))
        colors[..., *place] = F.avg_pool2d(float_part(samples, box).cpu() * weights, cell, ceil_mode=True)
        seen[..., *place] = F.avg_pool2d(weights, cell, ceil_mode=True)
    known = (seen > 0).float()
    colors = torch.where(seen > 0, colors / seen.clamp_min(1e-12), 0)
    for _ in range(rows + columns if known.any() else 0):
        if known.all():
            break
        total, count = (F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False) for x in (colors * known, known))
        colors = torch.where(known > 0, colors, total / count.clamp_min(1e-12))
        known = (count > 0).float()
    return colors


def sampled(coarse: Tensor, box: Box, cell: int) -> Tensor:
    """Return the coarse picture in a box of the fine one, bilinearly interpolated, `(B, 3, h, w)`."""
    rows, columns = coarse.shape[-2:]
    y, x = (
        (2 * torch.arange(first, last) + 1) / (cell * count) - 1
        for first, last, count in ((box.top, box.bottom, rows), (box.left, box.right, columns))
    )
    places = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=-1)
    places = places.expand(len(coarse), -1, -1, -1)
    return F.grid_sample(coarse, places, padding_mode="border", align_corners=False)


def weighted_by_alpha(
    shares: Tensor | None, alpha: Tensor | None, box: Box, level: Level, *, device: torch.device
) -> Tensor | None:
    """Return the shares of regions, `(R + 1, 1, h, w)` or None for one region, times alpha in the cells of `level`."""
    if alpha is None:
        return shares
    visible = F.avg_pool2d(float_part(alpha, box, device=device), stride(level))
    return visible if shares is None else shares * visible
