"""Masks, from pictures: white is inside and black outside, or what is opaque of a cut-out."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from styler.images.picture import AnyPicture, Picture
from styler.images.pixels import luminance, quantized, resize_to, to_float

AnyMask = AnyPicture
"""Whatever is a picture, and besides arrays and tensors that are boolean, 2-D, or 3-D with one channel first."""

MaskSource = Literal["alpha", "luminance"]


def mask_like(image: Tensor, mask: AnyMask) -> Tensor:
    """Return a mask at the size of the image, `(1, 1, H, W)`, uint8 at full scale; see `read_mask`."""
    return read_mask(image, mask)[0]


def read_mask(image: Tensor, mask: AnyMask) -> tuple[Tensor, MaskSource]:
    """Return a mask at the size of the image, `(1, 1, H, W)`, uint8 at full scale, and what it was taken from.

    If the mask's picture has transparent parts its alpha is the mask, as of a cut-out; else its luminance is.

    Raises:
        StylerError: If a file can't be read.
        ValueError: If there are several masks in one tensor, or its shape or type is none of a mask.
    """
    picture = Picture.of(_in_three_channels(mask))
    if len(picture.samples) != 1:
        raise ValueError(f"expected one mask, got {tuple(picture.samples.shape)}")
    size = (image.shape[-2], image.shape[-1])
    alpha = picture.alpha if is_cut_out(picture) else None
    plane = luminance(to_float(picture.samples)) if alpha is None else to_float(alpha)
    return quantized(resize_to(plane, size), torch.uint8).cpu(), "luminance" if alpha is None else "alpha"


def is_cut_out(picture: Picture) -> bool:
    """Return whether a mask is taken from a picture's alpha: whether any of it is transparent."""
    return picture.alpha is not None and bool((picture.alpha != _opaque(picture.alpha)).any())


def _opaque(alpha: Tensor) -> float:
    return 1 if alpha.is_floating_point() else torch.iinfo(alpha.dtype).max


def _in_three_channels(mask: AnyMask) -> AnyPicture:
    """Return an array or a tensor of a mask as one of a picture."""
    if isinstance(mask, np.ndarray):
        mask = mask.astype(np.uint8) * 255 if mask.dtype == bool else mask
        return mask[0] if mask.ndim == 3 and mask.shape[0] == 1 and mask.shape[-1] > 4 else mask
    if isinstance(mask, Tensor):
        mask = mask.to(torch.uint8) * 255 if mask.dtype == torch.bool else mask
        mask = mask[None] if mask.ndim == 2 else mask
        return mask.expand(*mask.shape[:-3], 3, -1, -1) if mask.ndim >= 3 and mask.shape[-3] == 1 else mask
    return mask


def read_masks(
    samples: Tensor, masks: Sequence[AnyMask], keep: AnyMask | None
) -> tuple[Tensor | None, Tensor | None, list[MaskSource]]:
    """Return the masks of regions `(R, 1, H, W)` and of what is kept, at the size of the samples, and their sources."""
    read = [read_mask(samples, mask) for mask in [*masks, *([] if keep is None else [keep])]]
    regions = torch.cat([mask for mask, _ in read[: len(masks)]]) if masks else None
    return regions, None if keep is None else read[-1][0], [source for _, source in read]


def outside(masks: Tensor, kept: Tensor | None) -> Tensor:
    """Return the mask `(1, 1, H, W)` of what lies in none of the masks `(R, 1, H, W)`, or in `kept`; all uint8."""
    inside = masks.amax(0, keepdim=True)
    return 255 - inside if kept is None else torch.maximum(255 - inside, kept)
