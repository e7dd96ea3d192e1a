"""Pictures as tensors: their samples as files hold them, as floats, and as integers again.

Images are RGB, `(1, 3, H, W)`; an alpha is `(1, 1, H, W)`. Integers are full scale, floats in [0, 1].
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from styler.errors import StylerError
from styler.images.sizes import scaled_size

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""

PART = 2**22
"""Numbers that are in memory as floats while a picture is rounded."""


def luminance(images: Tensor) -> Tensor:
    """Return the luminance, `(B, 1, H, W)`."""
    return (images * images.new_tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)


def to_float(samples: Tensor) -> Tensor:
    """Return samples as float32 in [0, 1]; integers are full scale, floats are taken as they are."""
    if samples.is_floating_point():
        return samples.float()
    full = torch.iinfo(samples.dtype).max
    return samples.to(torch.float32, memory_format=torch.contiguous_format).div_(full)


def tensor_of_planes(planes: np.ndarray) -> Tensor:
    """Return samples `(C, H, W)` as colors, `(1, 3, H, W)`, in the same memory; a grey plane is expanded."""
    return torch.from_numpy(planes)[None].expand(1, 3, -1, -1)


def tensor_of_array(samples: np.ndarray) -> Tensor:
    """Return `(..., H, W, C)` samples as `(..., C, H, W)` in [0, 1]; integers and booleans are full scale."""
    full = 1 if samples.dtype.kind in "fb" else np.iinfo(samples.dtype).max
    if samples.dtype.kind == "f" or not samples.dtype.isnative:
        samples = samples.astype(np.float32)
    # Turned round while it is small: floats are four times a photograph's bytes.
    planes = torch.from_numpy(samples.copy()).movedim(-1, -3)
    return planes.to(torch.float32, memory_format=torch.contiguous_format).contiguous().div_(full)


def quantized(image: Tensor, dtype: torch.dtype = torch.uint8) -> Tensor:
    """Return `(..., C, H, W)` as integers, rounded, on the image's device; floats are made of a part at a time.

    Raises:
        StylerError: If a value is not a number.
    """
    if image.dtype == dtype:
        return image
    result = torch.empty(image.shape, dtype=dtype, device=image.device)
    rows = max(1, PART * image.shape[-2] // max(1, image.numel()))
    for part, place in zip(image.split(rows, -2), result.split(rows, -2), strict=True):
        place.copy_(_rounded(to_float(part), torch.iinfo(dtype).max))
    return result


def _rounded(image: Tensor, full: int) -> Tensor:
    if image.numel() and not torch.stack(torch.aminmax(image)).isfinite().all():
        raise StylerError("the picture holds values that are not numbers", "try --dtype float32, or --device cpu")
    return (image * full).add_(0.5).clamp_(0, full).to(torch.int32)


def pil_picture(image: Tensor, alpha: Tensor | None = None) -> Image.Image:
    """Return one image, with its alpha if there is one, as an 8-bit RGB or RGBA picture."""
    planes = [*image.reshape(3, *image.shape[-2:])]
    if alpha is not None:
        planes.append(alpha.reshape(alpha.shape[-2:]))
    # Plane by plane: a whole image in floats is four times the bytes that are wanted.
    return Image.fromarray(np.stack([quantized(plane).cpu().numpy() for plane in planes], axis=-1))


def resize(image: Tensor, size: int) -> Tensor:
    """Return the image, or the alpha, with its longer side `size` pixels long and no side below 1.

    Antialiased bicubic: beside a hard edge it rings by 4 % of the step, Lanczos by 8, and stylizing draws
    such rings as strokes. It keeps nine tenths of the fine detail that Lanczos keeps, bilinear seven.
    """
    return resize_to(image, scaled_size(image.shape[-2], image.shape[-1], size))


def resize_to(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the image, or the alpha, with `size` = (height, width) pixels: integers become floats if it changes."""
    if tuple(image.shape[-2:]) == size:
        return image
    planes = image.split(1, dim=1)  # one by one: as floats, all of a large picture may be too much
    resized = [functional.interpolate(to_float(x), size, mode="bicubic", antialias=True).clamp_(0, 1) for x in planes]
    return torch.cat(resized, dim=1)
