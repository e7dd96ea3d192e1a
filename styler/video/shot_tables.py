"""The tables of colors of a shot, for photorealistic video: one change of colors for all its frames."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from styler.images.picture import Picture
from styler.images.pixels import quantized, resize, resize_to
from styler.photo.color_table import ColorTable, blended
from styler.photo.photograph import fitted_tables
from styler.transfer.style import Style
from styler.transfer.stylizer import Stylizer
from styler.video.tensor_files import write_tensors

SIDE = 256
"""Longer side, in pixels, at which the frames are stylized to fit the tables; styles are analysed at it too."""


def shot_tables(
    stylizer: Stylizer,
    frames: Sequence[Tensor],
    styles: Sequence[Style],
    *,
    masks: Sequence[Tensor | None],
    alpha: float,
) -> list[ColorTable]:
    """Return the table of the whole picture, and one for each mask, at strength `alpha`.

    Args:
        stylizer: It stylizes the frames side by side, as one picture.
        frames: A few frames of one size, `(1, 3, H, W)`, floats in [0, 1] or integers at full scale.
        styles: One for the whole picture, and one for each mask.
        masks: Those of each frame, `(R, 1, H, W)`.
        alpha: 0 to 1.
    """
    small = [frame if max(frame.shape[-2:]) <= SIDE else resize(frame, SIDE) for frame in frames]
    content = Picture(quantized(torch.cat(small, -1), torch.uint16), depth=16)
    size = (small[0].shape[-2], small[0].shape[-1])
    found = [quantized(resize_to(mask, size)) for mask in masks if mask is not None]
    joined = torch.cat(found, -1) if found else None
    regions = [] if joined is None else list(zip(joined, styles[1:], strict=True))
    stylized = stylizer.stylize(content, styles[0], regions=regions, seed_flats=False)
    fitted = fitted_tables(content, replace(stylized, alpha=None), joined, None, has_base=True)
    return [blended(table, alpha) for table in fitted]


def save_tables(tables: Sequence[ColorTable], path: Path) -> None:
    """Write tables, whose ends are black and white, to a file."""
    write_tensors({"tables": torch.stack([table.values for table in tables])}, path)


def load_tables(path: Path) -> list[ColorTable]:
    """Read tables from a file."""
    return [ColorTable(values) for values in load_file(path)["tables"]]
