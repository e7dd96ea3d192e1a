"""Work of a cascade, from the layer table: floating-point operations, and bytes read from and written to memory.

Each layer is assumed to read its input once and to write its output once, in the networks' precision, images in
float32. Operations that can be fused with a neighboring layer move no bytes: ReLU, padding, and the transform, which
is one matrix. Matrix roots are not counted, because they do not grow with the picture.
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from styler.choices import LEVELS, Level
from styler.model.vgg import block, channels, layers_to, stride
from styler.transfer.tiling import padded_size

PICTURE_BYTES = 3 * 4


class Layer(NamedTuple):
    """Work of a layer, by its stage in `styler.transfer.trace`; a multiplication and an addition are two operations."""

    stage: str
    flops: int
    num_bytes: int


def cascade_layers(
    widths: Sequence[int],
    height: int,
    width: int,
    *,
    itemsize: int,
    levels: Sequence[Level] = LEVELS,
    antialiased: bool = False,
) -> list[Layer]:
    """Return the layers of a cascade for a picture of `height` × `width` pixels and a known style.

    Args:
        widths: Channels of the encoder's blocks.
        height: In pixels, before padding.
        width: In pixels, before padding.
        itemsize: Bytes per number in the networks' precision.
        levels: Levels in the order of the cascade.
        antialiased: Whether features are blurred before they are halved, a convolution of each channel.
    """
    pixels = prod(padded_size(height, width))
    return [layer for level in levels for layer in _level_layers(level, tuple(widths), pixels, itemsize, antialiased)]


def _level_layers(level: Level, widths: tuple[int, ...], pixels: int, itemsize: int, antialiased: bool) -> list[Layer]:
    trunk = _trunk_work(level, widths, pixels, itemsize)
    blurred = _trunk_work(level, widths, pixels, itemsize, pool_flops=2 * 9 if antialiased else 0)
    count, cells = widths[block(level)], pixels // stride(level) ** 2
    product = 2 * count**2 * cells
    return [
        *(Layer("encode", *work) for work in blurred),
        Layer("moments", product, count * cells * itemsize),
        Layer("transform", product, 0),
        *(Layer("decode", *work) for work in reversed(trunk)),  # mirrored: input and output are exchanged
    ]


def _trunk_work(
    level: Level, widths: tuple[int, ...], pixels: int, itemsize: int, *, pool_flops: int = 0
) -> list[tuple[int, int]]:
    """Return operations and bytes of each layer up to `level`; a pooling takes `pool_flops` for each of its outputs."""
    work, after = [], 3
    for name in layers_to(level):
        if name == "pool":
            work.append((pool_flops * after * pixels // 4, after * itemsize * (pixels + pixels // 4)))
            pixels //= 4
            continue
        before, after = channels(name, widths)
        read = PICTURE_BYTES if name == "conv1_1" else before * itemsize
        weights = 9 * before * after
        work.append((2 * weights * pixels, (read + after * itemsize) * pixels + weights * itemsize))
    return work
