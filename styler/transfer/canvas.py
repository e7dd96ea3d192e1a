"""The picture being stylized, from level to level, and its features: as a whole, or tile by tile.

Pixels are `(B, 3, H, W)`: floats if the picture is processed as a whole, 16-bit integers at full scale if in tiles.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from styler.choices import Level
from styler.images.pixels import quantized, to_float
from styler.model.encoder import Encoder, convolutions
from styler.model.vgg import block, stride
from styler.transfer.fixed_pattern import remove_fixed_pattern, without_fixed_pattern
from styler.transfer.tiling import Box, encoder_margin, grid, padded


class Canvas:
    """The pixels of the pictures, padded to sizes that the networks take, and their tiles in rows."""

    def __init__(self, images: Tensor, *, tile: int | None, device: torch.device):
        """Copy the images: to `device` if they are a single tile, else to where they are, in 16 bits."""
        self.height, self.width = images.shape[-2:]
        self.device = device
        images = padded(images)
        self.tiles = grid(images.shape[-2], images.shape[-1], tile)
        boxes = [box for row in self.tiles for box in row]
        if len(boxes) == 1:
            self.pixels = float_part(images, boxes[0], device=device)
            return
        self.pixels = torch.empty(images.shape, dtype=torch.uint16, device=images.device)
        for box in boxes:
            self.pixels[..., *box.slices] = like_canvas(self.pixels, float_part(images, box))

    @property
    def num_tiles(self) -> int:
        """Number of tiles, 1 for a picture that is processed as a whole."""
        return sum(map(len, self.tiles))

    @property
    def images(self) -> Tensor:
        """The pictures without padding, `(B, 3, height, width)`."""
        return self.pixels[..., : self.height, : self.width]

    def repaint(self, decoded: Callable[[Box], Tensor]) -> None:
        """Replace the pixels of every tile by `decoded(box)`, floats of the size of the box.

        The row of tiles below still reads the lower margin of the old pixels, so a row is written when the next one
        is done. It waits in a strip that is allocated first: small blocks that outlive large ones fragment the heap.
        """
        if len(self.tiles) == len(self.tiles[0]) == 1:
            self.pixels = decoded(self.tiles[0][0])
            return
        fresh, waiting = (torch.empty_like(self.pixels[..., : self.tiles[0][0].bottom, :]) for _ in range(2))
        above: Box | None = None
        for row in [*self.tiles, []]:
            for box in row:
                fresh[..., : box.bottom - box.top, box.left : box.right] = like_canvas(self.pixels, decoded(box))
            if above is not None:
                self.pixels[..., above.top : above.bottom, :] = waiting[..., : above.bottom - above.top, :]
            above = row[0] if row else None
            fresh, waiting = waiting, fresh

    def clean(self) -> None:
        """Take away the grid that the networks left."""
        if self.pixels.is_floating_point():
            self.pixels = without_fixed_pattern(self.pixels)
        else:
            remove_fixed_pattern(self.pixels, device=self.device)


def float_part(pixels: Tensor, box: Box, *, device: torch.device | None = None) -> Tensor:
    """Return a part of the pixels as floats in [0, 1], in the memory format that convolutions run fastest in."""
    part = pixels[..., *box.slices].to(device or pixels.device)
    return to_float(part).contiguous(memory_format=torch.channels_last)


def like_canvas(pixels: Tensor, image: Tensor) -> Tensor:
    """Return an image in the precision and on the device of `pixels`."""
    return image if pixels.is_floating_point() else quantized(image, pixels.dtype).to(pixels.device)


def allocate_feature_buffer(encoder: Encoder, levels: Iterable[Level], canvas: Canvas, max_bytes: int) -> Tensor:
    """Return a flat buffer for the features of any one of `levels`, of those that take at most `max_bytes`.

    One buffer for all levels: with blocks that double from level to level the heap would hold their sum, 0.4 GB
    more at 4096².
    """
    weight = convolutions(encoder)[-1].weight
    sizes = [canvas.pixels[:, 0].numel() // stride(level) ** 2 * encoder.widths[block(level)] for level in levels]
    return weight.new_empty(max((size for size in sizes if size * weight.itemsize <= max_bytes), default=0))


class FeatureMap:
    """The features of a canvas at one level: kept from the first pass if they fit in the buffer, else recomputed."""

    def __init__(
        self,
        encoder: Encoder,
        level: Level,
        canvas: Canvas,
        buffer: Tensor,
        *,
        pixels: Callable[[Box], Tensor] | None = None,
    ):
        """Encode parts of the canvas, or what `pixels` returns for a box."""
        self.encoder, self.level, self.canvas, self.buffer = encoder, level, canvas, buffer
        device = self.device = buffer.device  # a lambda that held self would keep the buffer until a collection
        self.pixels = pixels or (lambda box: float_part(canvas.pixels, box, device=device))
        self.margin = encoder_margin(level, antialiased=encoder.antialiased)
        self.kept: Tensor | None = None

    def encode(self, box: Box) -> Tensor:
        """Return the features in `box`, `(B, C, h, w)`, and keep them if they fit."""
        features = self._encoded(box)
        height, width = (side // stride(self.level) for side in self.canvas.pixels.shape[-2:])
        count, channels = features.shape[:2]
        if features.shape[2:] == (height, width):
            self.kept = features
        elif (size := count * height * width * channels) <= len(self.buffer):
            if self.kept is None:
                self.kept = self.buffer[:size].view(count, height, width, channels).movedim(-1, 1)
            self.kept[self._cells(box)] = features
        return features

    def __getitem__(self, box: Box) -> Tensor:
        """Return the features in `box` once `encode` has seen the whole canvas."""
        return self._encoded(box) if self.kept is None else self.kept[self._cells(box)]

    def _encoded(self, box: Box) -> Tensor:
        area = box.grown(self.margin, *self.canvas.pixels.shape[-2:])
        features = self.encoder(self.pixels(area), self.level)
        return features[..., *box.within(area, stride=stride(self.level))]

    def _cells(self, box: Box) -> tuple:
        return ..., *box.within(Box(0, 0, *self.canvas.pixels.shape[-2:]), stride=stride(self.level))


def largest_first(tiles: Sequence[Sequence[Box]]) -> list[Box]:
    """Return the tiles, those with neighbours on all sides first: with their margins they are the largest.

    What comes later then fits into the memory that they freed; in the other order the heap grows with each size.
    """
    inner = [box for row in tiles[1:-1] for box in row[1:-1]]
    return inner + [box for row in tiles for box in row if box not in inner]
