"""Where a picture is stylized: a model on its device, and how the picture is divided; elsewhere if memory runs out."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor

from styler.choices import Strokes
from styler.errors import StylerError
from styler.model.device import auto_dtype
from styler.model.weights import Model
from styler.transfer.cascade import cascade
from styler.transfer.memory import Tiling, is_out_of_memory, tiling_for
from styler.transfer.strokes import reduced, reduction_of, with_strokes
from styler.transfer.style import Style
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


def stylized(
    place: Place,
    image: Tensor,
    styles: Sequence[Style],
    *,
    strokes: Strokes | int,
    masks: Tensor | None,
    visible: Tensor | None,
    trace: Trace,
    **options: Any,
) -> tuple[Tensor, Place]:
    """Return the stylized picture `(B, 3, H, W)` on the processor, and where there was memory for it.

    Args:
        place: Where to begin.
        image: See `cascade`.
        styles: See `cascade`.
        strokes: "fine", "bold", or by how much the picture is reduced first.
        masks: Where the styles of regions go, `(R, 1, H, W)`.
        visible: How much each pixel counts, `(1, 1, H, W)`.
        trace: Filled with what was done.
        options: The others of `cascade`.

    Raises:
        StylerError: If memory is too small everywhere.
    """
    while True:
        how: dict[str, Any] = {"trace": trace, **options, **place.tiling.options}
        try:
            wanted, start = [one.to(place.model.device) for one in styles], image
            if (factor := reduction_of(strokes)) > 1:
                rest = [None if x is None else reduced(x, factor) for x in (masks, visible)]
                small = cascade(place.model, reduced(image, factor), wanted, masks=rest[0], visible=rest[1], **how)
                start = with_strokes(image, small, factor)
            return cascade(place.model, start, wanted, masks=masks, visible=visible, **how).cpu(), place
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        place = place.smaller(image, trace)
