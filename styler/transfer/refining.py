"""What `Stylizer.stylize` refines: each picture of a batch with its own styles, where it is seen and not kept."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styler.choices import STYLE_SUFFIX
from styler.errors import StylerError
from styler.images.pixels import quantized, to_float
from styler.transfer.loss_network import LossNetwork
from styler.transfer.moments import Moments
from styler.transfer.refinement import Views, refined, resized_samples
from styler.transfer.style import Style


def refined_pictures(
    results: Tensor,
    contents: Tensor,
    styles: Callable[[float], Sequence[Style]],
    network: LossNetwork,
    *,
    masks: Tensor | None,
    alpha: Tensor | None,
    keep: Tensor | None,
    **options: Any,
) -> tuple[Tensor, bool]:
    """Return the refined pictures, `(B, 3, H, W)`, and whether all steps were made; see `refined`.

    Args:
        results: Stylized pictures.
        contents: What they were made of.
        styles: Returns the styles as the network sees them, each for all pictures or one a picture.
        network: Network of the loss.
        masks: Where the styles of regions go, `(R, 1, H, W)`.
        alpha: Transparency, `(1, 1, H, W)`.
        keep: Where the content is kept, `(1, 1, H, W)`.
        options: The others of `refined`.
    """
    visible, pictures, is_complete = counted(alpha, keep), [], True
    for index, (start, content) in enumerate(zip(results.split(1), contents.split(1), strict=True)):

        def own(share: float, index: int = index) -> list[Style]:
            return [style_at(style, index) for style in styles(share)]

        if is_complete:
            start, is_complete = refined(start, Views(content, masks, visible), network, own, **options)
        pictures.append(start)
    return pictures[0] if len(pictures) == 1 else torch.cat(pictures), is_complete


def counted(alpha: Tensor | None, keep: Tensor | None) -> Tensor | None:
    """Return how much each pixel counts, `(1, 1, H, W)`, uint8: what is transparent or kept does not."""
    if keep is None:
        return alpha
    shown = 1 - to_float(keep)
    return quantized(shown if alpha is None else shown.mul_(to_float(alpha).cpu()), torch.uint8)


def style_at(style: Style, index: int) -> Style:
    """Return the style of one picture of a batch."""
    moments = {
        level: Moments(*(x[min(index, len(x) - 1)][None] for x in pair)) for level, pair in style.moments.items()
    }
    return replace(style, moments=moments)


def finished_at(finish: Callable[..., Tensor], content: Tensor, keep: Tensor | None, samples: Tensor) -> Tensor:
    """Return `finish(samples, content, keep=keep)` with content and mask at the size of the samples."""
    size = (samples.shape[-2], samples.shape[-1])
    kept = None if keep is None else resized_samples(keep, size)
    return finish(samples, resized_samples(content[:1], size), keep=kept)


def is_analysed(style: object) -> bool:
    """Return whether a style is a file or an object with moments of one size, and no picture."""
    is_file = isinstance(style, str | os.PathLike) and Path(style).suffix.lower() == STYLE_SUFFIX
    return is_file or isinstance(style, Style)


def seen_by(style: Style, network: LossNetwork, name: str) -> Style:
    """Return the style as the loss network sees it.

    Raises:
        StylerError: If it was made without this network.
    """
    seen = style.seen_by_loss
    if seen is None or seen.fingerprint != network.fingerprint:
        what = f"{name} was made {'without a' if seen is None else 'with another'} loss network, so it can't refine"
        raise StylerError(what, "make it again: styler style save PICTURE -o NAME.style --refine-with FILE")
    return seen
