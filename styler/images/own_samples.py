"""Kept areas in the colors of their own file: sRGB, in which pictures are stylized, has no room for wide gamuts."""

from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from styler.choices import MAX_PIXELS
from styler.images.color_profile import is_wide
from styler.images.loading import read_file
from styler.images.pixels import resize_to, tensor_of_planes


class OwnSamples(NamedTuple):
    """Samples in a file's own color profile, `(1, 3, H, W)`, uint8 or uint16, and where they are used.

    `mask` is `(1, 1, H, W)`, uint8: they replace the stylized ones where it is 255.
    """

    samples: Tensor
    mask: Tensor


def own_samples(
    file: Path | None, icc: bytes | None, mask: Tensor, *, page: int | None = None, max_pixels: int = MAX_PIXELS
) -> OwnSamples | None:
    """Return a file's samples in its own profile, at the size of the mask; None if sRGB holds all its colors.

    Args:
        file: Where the picture was read from; None if it was no file.
        icc: The profile in it.
        mask: Where the samples are kept, `(1, 1, H, W)`, uint8.
        page: Frame or page, counted from 1.
        max_pixels: See `Picture.open`.

    Raises:
        StylerError: If the file can no longer be read.
    """
    if file is None or not is_wide(icc) or not bool((mask == 255).any()):
        return None
    samples = read_file(file, max_pixels=max_pixels, page=page or 1, in_srgb=False).samples
    return OwnSamples(resize_to(tensor_of_planes(samples), (mask.shape[-2], mask.shape[-1])), mask)
