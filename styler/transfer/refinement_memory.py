"""How large a picture may be to be refined as a whole, and in which tiles a larger one is."""

import torch

from styler.transfer.loss_network import LossNetwork
from styler.transfer.memory import free_memory
from styler.transfer.tiling import MULTIPLE

BYTES_PER_PIXEL = {torch.float32: 4400, torch.bfloat16: 4000, torch.float16: 4000}
"""Of a part that VGG-19 is run forward and back on: measured rises of the peak from 256² to 576² are 3400 to 4100 in
float32 and 2800 to 3900 in bfloat16."""

SPARE = 1.2
"""Tiles of several sizes, with margins on some sides only, leave gaps in the heap."""

HELD = 53
"""Bytes per pixel of a picture refined in tiles: the content, the pixels before and now, the best ones, the gradient,
the optimizer's state, the content's features, and the change at the size before."""

BEFORE = 150 << 20
"""Bytes that the process holds besides since the picture was stylized: the loss network, its code for each size of
tiles, which oneDNN keeps, and gaps in the heap."""

TILES, MARGIN = (1024, 512, 384, 256, 192, 128), 64


def refinement_tile(
    height: int, width: int, network: LossNetwork, *, held: int = 0, tile: int | None = None, max_memory: int
) -> int | None:
    """Return the side of the tiles in pixels, None for the picture as a whole.

    Args:
        height: Of the picture at the size in question, in pixels.
        width: Of the same.
        network: Its widths, precision and device decide how much memory a pixel takes.
        held: Bytes of the picture at its full size, if this is a smaller one.
        tile: Side that was asked for, 0 for none; None decides by memory.
        max_memory: Memory limit of the process, in bytes. On a GPU the network gets what is free there instead.
    """
    if tile is not None:
        side = max(TILES[-1], -(-tile // MULTIPLE) * MULTIPLE)
        return side if tile and side < max(height, width) else None
    model = network.model
    working = BYTES_PER_PIXEL[model.dtype] * network.encoder.widths[0] / 64
    free, _ = free_memory(model.device, max_memory)
    if is_shared := model.device.type == "cpu":
        free -= held + BEFORE
    if working * height * width <= free:
        return None
    left = free - (HELD * height * width if is_shared else 0)
    side = next((side for side in TILES if SPARE * working * (side + MARGIN) ** 2 <= left), TILES[-1])
    return even(side, max(height, width))


def even(side: int, length: int) -> int:
    """Return the smallest side, in whole cells, of which as many tiles make up the length: the last is no remainder."""
    count = -(-length // side)
    return -(-length // (count * MULTIPLE)) * MULTIPLE
