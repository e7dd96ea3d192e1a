"""What a picture is stylized from: its samples at the size of the result, and its masks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from torch import Tensor

from styler.images.masks import AnyMask, read_masks
from styler.images.picture import AnyPicture, Picture
from styler.transfer.trace import Trace
from styler.transfer.transparency import with_hidden_filled


class Inputs(NamedTuple):
    """A content and its masks.

    Attributes:
        picture: The content as it was read.
        original: The same at the size of the result.
        image: Its samples, `(B, 3, H, W)`, with the colors of transparent pixels replaced.
        masks: Of the regions, `(R, 1, H, W)`, if there are any.
        kept: Where the content stays as it is, `(1, 1, H, W)`, if anywhere.
    """

    picture: Picture
    original: Picture
    image: Tensor
    masks: Tensor | None
    kept: Tensor | None


def read_inputs(
    content: AnyPicture,
    size: int | None,
    regions: Sequence[tuple[AnyMask, object]],
    keep: AnyMask | None,
    trace: Trace,
) -> Inputs:
    """Return what was read; the masks' sources are added to the trace.

    Args:
        content: See `Picture.of`.
        size: Longer side of the result in pixels; None for the content's own.
        regions: Pairs of a mask and its style.
        keep: The mask of what stays as it is.
        trace: Its `masks` get the sources of the masks.

    Raises:
        StylerError: If a file can't be read.
    """
    picture = Picture.of(content)
    original = picture if size is None else picture.resized(size)
    image = original.samples
    if picture.alpha is not None:  # before it is resized, which mixes neighbours
        filled = replace(picture, samples=with_hidden_filled(picture.samples, picture.alpha))
        image = (filled if size is None else filled.resized(size)).samples
    masks, kept, sources = read_masks(image, [mask for mask, _ in regions], keep)
    trace.masks += sources
    return Inputs(picture, original, image, masks, kept)
