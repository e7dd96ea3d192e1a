"""Pictures as Python programs hold them: paths, Pillow pictures, arrays and tensors, in and back out."""

import os
from collections.abc import Callable
from typing import BinaryIO, TypeGuard, overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styler.images import load_image
from styler.images.unpacking import unpack
from styler.pixels import pil_picture, quantized, resize_to, unit, unit_tensor

# How far floats may leave [0, 1]: torch's bicubic resizing overshoots a hard corner by 0.23.
OVERSHOOT = 0.25

File = str | os.PathLike[str] | BinaryIO
AnyPicture = File | Image.Image | np.ndarray | Tensor


@overload
def as_image(source: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]: ...
@overload
def as_image(source: np.ndarray) -> tuple[Tensor, Callable[[Tensor], np.ndarray]]: ...
@overload
def as_image(source: File | Image.Image) -> tuple[Tensor, Callable[[Tensor], Image.Image]]: ...
def as_image(source: AnyPicture) -> tuple[Tensor, Callable[[Tensor], Image.Image | np.ndarray | Tensor]]:
    """Return the samples of a picture, `(B, 3, H, W)`, and a function that makes such samples what the picture was.

    Samples are floats in [0, 1], or uint8 or uint16 at full scale where the picture has them, as files have.

    That is a PIL picture for a path, a stream or a PIL picture; an array `(H, W, C)` or a tensor of the same
    type, and on the same device, for arrays and tensors. Alpha comes back, resized if the image was. Grey
    comes back as RGB, since a style brings its colours.

    Args:
        source: Arrays are `(H, W)` or `(H, W, C)` with C = 1, 3, or 2 and 4 with alpha; tensors are
            `(3, H, W)` or `(B, 3, H, W)`. Integers are full scale, floats in [0, 1].

    Raises:
        StylerError: If a file cannot be read.
        ValueError: If an array or a tensor has another shape, type or range.
    """
    match source:
        case Tensor():
            return _from_tensor(source)
        case np.ndarray():
            return _from_array(source)
        case Image.Image():
            picture = unpack(source)
        case _ if is_file(source):
            picture = load_image(source)
        case _:
            raise ValueError(f"expected a path, a PIL picture, an array or a tensor, got {type(source).__name__}")
    return picture.samples, lambda image: pil_picture(image, _fitted(picture.alpha, image))


def is_file(source: AnyPicture) -> TypeGuard[File]:
    """Return whether the picture is in a file: a path or a stream."""
    return isinstance(source, str | os.PathLike) or hasattr(source, "read")


def _from_tensor(source: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    shape, dtype, device = tuple(source.shape), source.dtype, source.device
    if len(shape) not in (3, 4) or shape[-3] != 3 or 0 in shape:
        raise ValueError(f"expected a tensor (3, H, W) or (B, 3, H, W), got {shape}")
    if dtype not in (torch.uint8, torch.uint16) and not dtype.is_floating_point:
        raise ValueError(f"expected a tensor of uint8, uint16 or floats in [0, 1], got {dtype}")
    samples = _in_range(source.detach().float()) if dtype.is_floating_point else source

    def back(result: Tensor) -> Tensor:
        result = result.reshape(*shape[:-2], *result.shape[-2:])
        return (unit(result) if dtype.is_floating_point else quantized(result, dtype)).to(device, dtype)

    return samples.reshape(-1, *shape[-3:]), back


def _from_array(source: np.ndarray) -> tuple[Tensor, Callable[[Tensor], np.ndarray]]:
    shape, dtype = source.shape, source.dtype
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or channels not in (1, 2, 3, 4) or 0 in shape:
        raise ValueError(f"expected an array (H, W) or (H, W, C) with C of 1 to 4, got {shape}")
    if dtype.newbyteorder("=") not in (np.uint8, np.uint16) and dtype.kind != "f":
        raise ValueError(f"expected an array of uint8, uint16 or floats in [0, 1], got {dtype}")
    values = _in_range(unit_tensor(source.reshape(*shape[:2], channels)))[None]
    image = values[:, : 3 if channels > 2 else 1].expand(-1, 3, -1, -1)
    alpha = values[:, -1:] if channels in (2, 4) else None

    def back(result: Tensor) -> np.ndarray:
        fitted = _fitted(alpha, result)
        result = unit(result).cpu()
        planes = (result if fitted is None else torch.cat([result, fitted], dim=1))[0].movedim(0, -1)
        if dtype.kind == "f":
            return planes.numpy().astype(dtype)
        return quantized(planes, torch.uint8 if dtype == np.uint8 else torch.uint16).numpy().astype(dtype)

    return image.contiguous(), back


def _in_range(image: Tensor) -> Tensor:
    low, high = torch.aminmax(image)
    if not (low >= -OVERSHOOT and high <= 1 + OVERSHOOT):  # this way round, NaN is refused too
        raise ValueError(f"expected floats in [0, 1], got {low.item():g} to {high.item():g}")
    return image.clamp(0, 1)


def _fitted(alpha: Tensor | None, image: Tensor) -> Tensor | None:
    return None if alpha is None else resize_to(alpha, (image.shape[-2], image.shape[-1]))
