"""Refinement: a few steps of optimization of the pixels themselves, from a stylized picture.

A large picture is refined coarse to fine: first at the smallest of its halvings, then the change that was made there
is enlarged and added at the next size, where the optimizer goes on with its state, enlarged too. Pictures are
`(1, 3, H, W)`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import Level
from styler.images.pixels import quantized, resize_to, to_float
from styler.process import release_freed_memory
from styler.transfer.adam import Adam
from styler.transfer.canvas import float_part, like_canvas
from styler.transfer.loss_network import LossNetwork
from styler.transfer.refinement_loss import RefinementLoss
from styler.transfer.refinement_memory import refinement_tile
from styler.transfer.refinement_progress import Clock, Step, Stopped, Watch
from styler.transfer.style import Style
from styler.transfer.tiling import grid, padded

RATE, LAST_RATE = 0.015, 0.5
"""How far a pixel moves in the first step, in [0, 1], and the share of it in the last one."""

COARSEST = 512
"""Longer side, in pixels, up to which a picture is refined at its own size alone."""

STRIP = 1024
"""Side, in pixels, of the parts in which changes are added: a whole large picture in floats would take too much."""


class Views(NamedTuple):
    """What a refinement works from: the content, the masks of regions, and how much each pixel counts."""

    content: Tensor
    masks: Tensor | None = None
    visible: Tensor | None = None

    def resized(self, size: tuple[int, int]) -> "Views":
        """Return all of it at a size (height, width), padded to whole cells."""
        masks, visible = (None if x is None else padded(resized_samples(x, size)) for x in self[1:])
        return Views(padded(resized_samples(self.content, size)), masks, visible)


def refined(
    start: Tensor,
    views: Views,
    network: LossNetwork,
    styles: Callable[[float], Sequence[Style]],
    *,
    num_steps: int,
    strengths: Mapping[Level, float],
    has_sizes: bool = True,
    max_memory: int,
    tile: int | None = None,
    watch: Watch | None = None,
) -> tuple[Tensor, bool]:
    """Return the picture after the steps, and whether all of them were made; else it is the best one so far.

    Args:
        start: The stylized picture, floats in [0, 1] or integers at full scale. The result may take its memory.
        views: What it is refined from, at the same size.
        network: Network of the loss.
        styles: Returns the styles as the network sees them, those of the regions last, at a share of their size.
        num_steps: At the coarsest size; at each larger one half as many as before it, at least one.
        strengths: Strength at each level that is in the loss.
        has_sizes: Whether styles are known at other sizes than their own; if not, there is only the full size.
        max_memory: Memory limit of the process, in bytes.
        tile: Side of tiles in pixels, 0 for none; None decides by memory.
        watch: Follows the refinement.
    """
    watch, full = Watch() if watch is None else watch, (start.shape[-2], start.shape[-1])
    sizes = halvings(*full) if has_sizes else [full]
    counts = [max(1, num_steps >> index) for index in range(len(sizes))]
    work = sum(count * height * width for count, (height, width) in zip(counts, sizes, strict=True))
    clock, pixels, change, is_complete = Clock(sum(counts), work), start, None, True
    adam = Adam(torch.zeros(1, 3, 1, 1), dtype=torch.float32)  # no state yet, which is the same at any size
    held = start.nbytes + sum(x.nbytes for x in views if x is not None)
    for size, count in zip(sizes, counts, strict=True):
        base = resized_samples(start, size)
        pixels = start if size == full else base.clone()
        if change is not None:
            add_change(pixels, change)
        if is_complete:
            side = refinement_tile(*size, network, held=0 if size == full else held, tile=tile, max_memory=max_memory)
            seen, wanted = views.resized(size), styles(max(size) / max(full))
            how = {"alpha": strengths, "masks": seen.masks, "visible": seen.visible, "tile": side}
            loss = partial(RefinementLoss, network, seen.content, wanted, **how)
            pixels, is_complete = optimized(
                pixels,
                loss,
                adam,
                device=None if side else network.model.device,
                num_steps=count,
                clock=clock,
                watch=watch,
            )
        change = None if size == full else to_float(pixels) - to_float(base)
    release_freed_memory()
    return pixels, is_complete


def optimized(
    pixels: Tensor,
    loss_of: Callable[[], RefinementLoss],
    adam: Adam,
    *,
    device: torch.device | None,
    num_steps: int,
    clock: Clock,
    watch: Watch,
) -> tuple[Tensor, bool]:
    """Return the pixels, changed in place, after the steps and True, or the best ones and False if it was stopped.

    Args:
        pixels: Floats in [0, 1] or integers at full scale.
        loss_of: Returns the loss. It is called when all else that lives as long is in memory.
        adam: Goes on with the state of the size before, enlarged.
        device: Where the pixels are optimized as a whole in floats; None for tiles, and 16 bits where they are.
        num_steps: How many.
        clock: Counts them.
        watch: Follows them.
    """
    height, width = pixels.shape[-2:]
    release_freed_memory()
    canvas = padded(quantized(pixels, torch.uint16) if device is None else to_float(pixels).to(device))
    adam.resize(canvas, dtype=torch.float16 if device is None else torch.float32)
    best, least = canvas.clone(), float("inf")
    loss = loss_of()
    for index in range(num_steps):
        try:
            value, gradient = loss(canvas, checkpoint=watch.check)
        except Stopped:
            return best[..., :height, :width].cpu(), False
        if value < least:
            least, best = value, best.copy_(canvas)
        adam.update(canvas, gradient, rate=RATE * (1 - (1 - LAST_RATE) * index / num_steps))
        clock.count(height * width)
        samples = canvas[..., :height, :width]
        watch.show(Step(clock.num_done, clock.num_steps, value, clock.seconds_left, samples.clone))
    return canvas[..., :height, :width].cpu(), True


def halvings(height: int, width: int) -> list[tuple[int, int]]:
    """Return the sizes at which a picture is refined, the smallest first, its own last."""
    sizes = [(height, width)]
    while max(sizes[0]) > COARSEST:
        sizes.insert(0, (-(-sizes[0][0] // 2), -(-sizes[0][1] // 2)))
    return sizes


def add_change(pixels: Tensor, change: Tensor) -> None:
    """Add a change, floats of a smaller size, to the pixels, enlarged."""
    size = (pixels.shape[-2], pixels.shape[-1])
    for index, plane in enumerate(change.split(1, 1)):
        whole, channel = F.interpolate(plane, size, mode="bilinear"), pixels[:, index : index + 1]
        for box in (box for row in grid(*size, STRIP) for box in row):
            part = (float_part(channel, box) + whole[..., *box.slices].to(pixels.device)).clamp_(0, 1)
            channel[..., *box.slices] = like_canvas(pixels, part)


def resized_samples(samples: Tensor, size: tuple[int, int]) -> Tensor:
    """Return samples at a size (height, width), of the same type."""
    if tuple(samples.shape[-2:]) == size:
        return samples
    small = torch.cat([resize_to(one, size) for one in samples.split(1)])
    return small if samples.is_floating_point() else quantized(small, samples.dtype)
