"""Masks: where something goes, from pictures. White is all, black is none, what is transparent is none."""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from styler.color import luminance
from styler.images import load_image
from styler.images.unpacking import unpack
from styler.interchange import AnyPicture, as_image, is_file
from styler.pixels import quantized, resize_to, unit


def mask_like(image: Tensor, mask: AnyPicture) -> Tensor:
    """Return a mask at the size of the image, `(1, 1, H, W)`, uint8 at full scale.

    Raises:
        StylerError: If a file can't be read.
        ValueError: If there are several pictures in one tensor.
    """
    picture = load_image(mask) if is_file(mask) else unpack(mask) if isinstance(mask, Image.Image) else None
    samples = as_image(mask)[0] if picture is None else picture.samples
    transparency = None if picture is None else picture.alpha
    if len(samples) != 1:
        raise ValueError(f"expected one mask, got {tuple(samples.shape)}")
    size = (image.shape[-2], image.shape[-1])
    plane = resize_to(luminance(unit(samples)), size)
    if transparency is not None:
        plane = plane * resize_to(unit(transparency), size)
    return quantized(plane, torch.uint8).cpu()


def outside(masks: Sequence[Tensor], kept: Tensor | None) -> Tensor:
    """Return the mask of what lies in none of the masks, or in `kept`; all `(1, 1, H, W)`, uint8."""
    inside = torch.cat(list(masks)).amax(0, keepdim=True)
    return 255 - inside if kept is None else torch.maximum(255 - inside, kept)
