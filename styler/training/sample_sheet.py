"""Sample sheets: a PNG with current results of a training."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.utils import make_grid

from styler.images import Picture


def write_sheet(columns: Sequence[Tensor], path: Path) -> None:
    """Write a grid with one row per picture; `columns` are batches of images, `(B, 3, h, w)` of any size."""
    size = columns[0].shape[-2:]
    rows = torch.stack([F.interpolate(x.float(), size) for x in columns], dim=1)
    grid = make_grid(rows.flatten(0, 1), nrow=len(columns), padding=4, pad_value=1.0)
    Picture.of(grid.clamp(0, 1)).save(path, overwrite=True)
