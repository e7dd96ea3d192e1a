"""Bold strokes: the content is stylized at a fraction of its size first, where the same networks draw larger marks.

Half of that result, enlarged, is mixed into the content, which is then stylized at its own size. Images are RGB,
`(B, 3, H, W)`, floats in [0, 1] or integers at full scale.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import Strokes
from styler.transfer.canvas import float_part, like_canvas
from styler.transfer.tiling import Box, grid

REDUCTION: dict[str, int] = {"fine": 1, "bold": 2}
"""By how much the content is reduced first."""

SHARE = 0.5
"""Of the small result in the picture that is stylized next; with all of it, thin things get lost."""

CELLS = 512
"""Side, in pixels of the small picture, of the parts that are converted to floats at a time."""


def reduction_of(strokes: Strokes | int) -> int:
    """Return by how much the content is reduced first, 1 for not at all."""
    return REDUCTION[strokes] if isinstance(strokes, str) else strokes


def reduced(images: Tensor, factor: int) -> Tensor:
    """Return the pictures, or masks, at 1 / `factor` of their size, rounded up: averages of squares."""
    boxes = [box for row in grid(*images.shape[-2:], CELLS * factor) for box in row]
    height, width = (-(-side // factor) for side in images.shape[-2:])
    small = images.new_empty(*images.shape[:2], height, width)
    for box in boxes:
        part = F.avg_pool2d(float_part(images, box), factor, ceil_mode=True)
        place = slice(box.top // factor, -(-box.bottom // factor)), slice(box.left // factor, -(-box.right // factor))
        small[..., *place] = like_canvas(small, part)
    return small


def with_strokes(images: Tensor, small: Tensor, factor: int) -> Tensor:
    """Return the pictures with `SHARE` of the stylized small ones, enlarged by `factor`, mixed in."""
    result = torch.empty_like(images)
    for box in (box for row in grid(*images.shape[-2:], CELLS * factor) for box in row):
        part = float_part(images, box)
        enlarged = _enlarged(small, box, factor).to(part.device)
        result[..., *box.slices] = like_canvas(result, torch.lerp(part, enlarged, SHARE))
    return result


def _enlarged(small: Tensor, box: Box, factor: int) -> Tensor:
    """Return what lies in a box of the large picture, bilinearly interpolated, as it would be in the whole."""
    cells = Box(box.top // factor, box.left // factor, -(-box.bottom // factor), -(-box.right // factor))
    area = cells.grown(1, *small.shape[-2:])
    large = F.interpolate(float_part(small, area), scale_factor=float(factor), mode="bilinear")
    top, left = box.top - area.top * factor, box.left - area.left * factor
    return large[..., top : top + box.bottom - box.top, left : left + box.right - box.left]
