"""The content as the refinement's target: the directions of its features at the coarsest level.

Features are `(1, C, H, W)`, from a ReLU, so that no number is negative.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import Level
from styler.images.pixels import quantized, to_float
from styler.model.vgg import stride
from styler.transfer.tiling import Box

LEVEL: Level = "relu4_1"
WEIGHT = 0.2
"""Of the squared distance from the content, beside the mean over levels of the distance left from the style."""


class ContentTarget:
    """Features of unit length at each position of the whole picture."""

    def __init__(self, channels: int, height: int, width: int, *, is_exact: bool, device: torch.device):
        """Allocate them.

        Args:
            channels: Of the features.
            height: Of the picture, in pixels.
            width: Of the picture, in pixels.
            is_exact: Whether they are kept in float32; else their square roots are, in 8 bits: at 4096², 128 MiB
                instead of 512.
            device: Where.
        """
        cells = height // stride(LEVEL), width // stride(LEVEL)
        dtype = torch.float32 if is_exact else torch.uint8
        self.size = (height, width)
        self.units = torch.empty(1, channels, *cells, dtype=dtype, device=device)

    def keep(self, features: Tensor, box: Box) -> None:
        """Store the features of the content in a box."""
        unit = F.normalize(features.float(), dim=1)
        self.units[..., *self._cells(box)] = unit if self.units.is_floating_point() else quantized(unit.sqrt())

    def loss_and_gradient(self, features: Tensor, box: Box, weights: Tensor | float) -> tuple[float, Tensor]:
        """Return a box's weighted squared distance from the content, and its gradient by the features there."""
        kept = self.units[..., *self._cells(box)]
        length = features.norm(dim=1, keepdim=True).clamp_min(1e-12)
        unit = features / length
        apart = unit - (kept if kept.is_floating_point() else to_float(kept).square_())
        gradient = 2 * weights / length * (apart - unit * (unit * apart).sum(1, keepdim=True))
        return float((weights * apart.square().sum(1, keepdim=True)).sum()), gradient

    def _cells(self, box: Box) -> tuple[slice, slice]:
        return box.within(Box(0, 0, *self.size), stride=stride(LEVEL))
