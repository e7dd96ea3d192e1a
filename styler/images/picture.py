"""A picture as its file has it, in memory."""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from styler.images.metadata import Metadata
from styler.pixels import unit


@dataclass(frozen=True)
class Picture:
    """What a picture file holds: its colours in sRGB, upright, its transparency and its metadata beside them.

    `samples` is `(1, 3, H, W)` and `alpha` `(1, 1, H, W)`: uint8 or uint16, full scale, or float32 in [0, 1],
    as in the file, since as floats a photograph is four times as large. Of uint16 tensors torch knows little
    more than indexing and conversion; `unit` makes floats of any of them. A grey picture may be one plane,
    expanded: not to be written to.
    """

    samples: Tensor
    alpha: Tensor | None = None
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def image(self) -> Tensor:
        """The colours as the network takes them, float32 in [0, 1], contiguous; computed at each call."""
        return unit(self.samples).contiguous()

    @property
    def depth(self) -> Literal[8, 16]:
        """The bits a channel that a file needs to hold the samples."""
        return 8 if self.samples.dtype == torch.uint8 else 16
