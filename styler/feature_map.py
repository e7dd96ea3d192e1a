"""The features of a canvas at one level, tile by tile: kept from the first pass if they fit, else computed again."""

from collections.abc import Iterable

from torch import Tensor

from styler.canvas import canvas_part
from styler.encoder import Encoder, convolutions
from styler.tiling import Box, encoder_margin
from styler.vgg import Level, block, stride


def new_room(encoder: Encoder, levels: Iterable[Level], canvas: Tensor, max_bytes: int) -> Tensor:
    """Return flat room for the features of any of `levels`, one after the other, that take at most `max_bytes`.

    One for all levels: of blocks that double from level to level the heap would hold the sum, 0.4 GB more at 4096².
    """
    weight = convolutions(encoder)[-1].weight
    sizes = [canvas[:, 0].numel() // stride(level) ** 2 * encoder.widths[block(level)] for level in levels]
    return weight.new_empty(max((size for size in sizes if size * weight.itemsize <= max_bytes), default=0))


class FeatureMap:
    """The features of `canvas` at `level`, on the device of `room`, which holds the whole of them if they fit."""

    def __init__(self, encoder: Encoder, level: Level, canvas: Tensor, room: Tensor):
        self.encoder, self.level, self.canvas, self.room = encoder, level, canvas, room
        self.device = room.device
        self.kept: Tensor | None = None

    def first(self, box: Box) -> Tensor:
        """Return the features in `box`, `(B, C, h, w)`, and keep them if there is room."""
        features = self._encoded(box)
        height, width = (side // stride(self.level) for side in self.canvas.shape[-2:])
        count, channels = features.shape[:2]
        if features.shape[2:] == (height, width):
            self.kept = features
        elif (size := count * height * width * channels) <= len(self.room):
            if self.kept is None:
                self.kept = self.room[:size].view(count, height, width, channels).movedim(-1, 1)
            self.kept[self._cells(box)] = features
        return features

    def again(self, box: Box) -> Tensor:
        """Return the features in `box` once `first` has seen all of the canvas."""
        if self.kept is None:
            return self._encoded(box)
        return self.kept[self._cells(box)]

    def _encoded(self, box: Box) -> Tensor:
        area = box.grown(encoder_margin(self.level), *self.canvas.shape[-2:])
        features = self.encoder(canvas_part(self.canvas, area, device=self.device), self.level)
        return features[..., *box.within(area, stride=stride(self.level))]

    def _cells(self, box: Box) -> tuple:
        return ..., *box.within(Box(0, 0, *self.canvas.shape[-2:]), stride=stride(self.level))
