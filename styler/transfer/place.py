"""Where a picture is stylized: a model on its device, and how the picture is divided."""

from typing import NamedTuple, Self

import torch
from torch import Tensor

from styler.errors import StylerError
from styler.model.device import auto_dtype
from styler.model.weights import Model
from styler.transfer.memory import Tiling, tiling_for
from styler.transfer.trace import Trace


class Place(NamedTuple):
    """A model on its device, and how the picture is divided."""

    model: Model
    tiling: Tiling

    def smaller(self, image: Tensor, trace: Trace) -> Self:
        """Return where to try again when memory ran out: in smaller tiles, then, for this picture, on the processor.

        Raises:
            StylerError: If there is nothing smaller.
        """
        device, tiling = self.model.device, self.tiling.smaller()
        if tiling is None and device.type == "cpu":
            raise StylerError("the picture does not fit into memory", "choose a smaller size")
        if tiling is None:
            trace.warn(f"{device} is out of memory, so the processor stylizes this picture")
            trace.device = torch.device("cpu")
            dtype = torch.float32 if self.model.dtype == torch.float32 else auto_dtype(trace.device)
            model = self.model.copy().to(trace.device, dtype)
            return self._replace(model=model, tiling=tiling_for(image, model))
        trace.warn(f"{device} is out of memory, so the picture is processed in tiles of {tiling.tile} pixels")
        return self._replace(tiling=tiling)
