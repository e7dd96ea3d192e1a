"""How large a picture may be to be processed as a whole, how a larger one is divided, and the peak of either."""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from styler.choices import MAX_MEMORY
from styler.model.weights import Model
from styler.transfer.tiling import MULTIPLE

PROCESS = 720 << 20
"""Bytes before the first picture: torch, the model, a style. 701 MiB at the end of a picture of 64²."""

BYTES_PER_PIXEL = {torch.float32: 480, torch.bfloat16: 240, torch.float16: 240}
"""Of a picture processed as a whole by the networks of `small` on a processor: the rise of the peak from 64² to 768²,
475 in float32 with AVX-512, 384 with AVX2, 238 in bfloat16."""

TILES, MARGIN, SPARE = (512, 384, 256, 128), 128, 2.3
"""Tiles to choose from. Larger ones fragment the heap; the smaller, the more of the work is for margins. A tile
of 512 with its margins takes 2.3 times the bytes per pixel of a picture processed as a whole (1113 in float32 with
AVX-512, 850 with AVX2, at 2000²)."""

HEAP = 2.2
"""Bytes per pixel of a tiled picture that the heap holds besides: what is left of the peaks at 10240²."""

GPU_SHARE = 0.8
"""Of a GPU's free memory: the rest is for workspaces of its kernels and for fragmentation. Assumed, not measured."""


@dataclass(frozen=True)
class Tiling:
    """How a picture is divided.

    Attributes:
        tile: Side of the tiles in pixels, None for the picture as a whole.
        kept_bytes: Largest feature map that is kept between the two passes of a level.
        peak_bytes: Expected peak of the process, or of the memory taken from the GPU.
    """

    tile: int | None = None
    kept_bytes: int = 0
    peak_bytes: int = field(default=0, compare=False)

    @property
    def options(self) -> dict[str, int | None]:
        """The keyword arguments of `cascade` that it decides."""
        return {"tile": self.tile, "kept_bytes": self.kept_bytes}

    def smaller(self) -> "Tiling | None":
        """Return what to try when memory ran out, None if there is nothing smaller."""
        smaller = [tile for tile in TILES if self.tile is None or tile < self.tile]
        return Tiling(smaller[0]) if smaller else None


def tiling_for(
    images: Tensor, model: Model, *, tile: int | Literal["auto"] = "auto", max_memory: int = MAX_MEMORY
) -> Tiling:
    """Return how pictures `(B, 3, H, W)` are divided so that memory suffices; see `tiling_of_size`."""
    batch, _, height, width = images.shape
    return tiling_of_size(
        height, width, model, batch=batch, itemsize=images.element_size(), tile=tile, max_memory=max_memory
    )


def tiling_of_size(
    height: int,
    width: int,
    model: Model,
    *,
    batch: int = 1,
    itemsize: int = 1,
    tile: int | Literal["auto"] = "auto",
    max_memory: int = MAX_MEMORY,
) -> Tiling:
    """Return how pictures are divided so that memory suffices; if nothing is small enough, in the smallest tiles.

    Args:
        height: Of the pictures, in pixels.
        width: Of the pictures, in pixels.
        model: Its widths, precision and device decide what a pixel takes and how much there is.
        batch: How many pictures are processed together.
        itemsize: Bytes of a sample.
        tile: Side of the tiles in pixels, 0 for none; "auto" decides by memory.
        max_memory: Memory limit of the process, in bytes. On a GPU the networks get what is free there instead.
    """
    working = BYTES_PER_PIXEL[model.dtype] * model.encoder.widths[0] / 16 * batch
    free, used = free_memory(model.device, max_memory)
    whole = working * height * width
    if whole <= free if tile == "auto" else tile == 0:
        return Tiling(peak_bytes=round(used + whole))
    # The canvas has 16 bits. It stays beside the images, in the memory of the process.
    held = 0 if model.device.type != "cpu" else batch * height * width * (3 * (itemsize + 2) + HEAP)
    sides = TILES if tile == "auto" else (max(TILES[-1], -(-tile // MULTIPLE) * MULTIPLE),)
    for side in sides:
        strips = 2 * 6 * batch * side * width if held else 0
        taken = held + strips + SPARE * working * (side + MARGIN) ** 2
        if taken <= free:
            kept = int(free - taken)
            return Tiling(side, kept, round(used + taken + min(kept, feature_bytes(height, width, model, batch))))
    return Tiling(sides[-1], 0, round(used + taken))


def free_memory(device: torch.device, max_memory: int) -> tuple[float, int]:
    """Return the bytes that networks may take on a device, and those that are in use already."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return GPU_SHARE * (free + unused), 0
    if device.type == "mps":
        return GPU_SHARE * (torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()), 0
    return max_memory - PROCESS, PROCESS


def feature_bytes(height: int, width: int, model: Model, batch: int) -> int:
    """Return the bytes of the largest feature map, that of relu1_1."""
    return batch * height * width * model.encoder.widths[0] * model.dtype.itemsize


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory could not be allocated; on processors torch has no class for it."""
    words = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(text in str(error) for text in words)
    )
