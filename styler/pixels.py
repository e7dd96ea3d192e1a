"""Pictures as tensors and back: every mode of Pillow's, upright, in sRGB.

Images are RGB floats in [0, 1], `(1, 3, H, W)`; an alpha is `(1, 1, H, W)`, in [0, 1], and 8 or 16 bits
survive the way there and back.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
import torch
from PIL import ExifTags, Image
from torch import Tensor
from torch.nn import functional

from styler.color_profile import srgb
from styler.errors import StylerError

# What Pillow raises for damaged files and metadata: down to RuntimeError seen when 40,000 mutated files were
# loaded, the rest raised in its decoders' own code.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    RuntimeError,
    EOFError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Picture:
    """A picture as the network takes it, its transparency beside it."""

    image: Tensor
    alpha: Tensor | None = None


def unpack(picture: Image.Image, low_bytes: np.ndarray | None = None) -> Picture:
    """Return a decoded Pillow picture of any mode, turned upright and converted to sRGB.

    Colours under transparent pixels stay as they are. Integers beyond 16 bits and floats beyond [0, 1] are
    stretched from their least to their greatest value.

    Args:
        picture: Its embedded profile is applied in 8 bits, so colours keep 16 only if it has none or that of
            sRGB. Grey of more than 8 bits keeps them, its profile is passed over.
        low_bytes: What `deep_color.low_bytes` found in its file.
    """
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        image, alpha = _grey(picture)
    else:
        image, alpha = _color(picture, low_bytes)
    orientation = _orientation(picture)
    upright = _upright(unit_tensor(image)[None], orientation)
    return Picture(
        upright.expand(-1, 3, -1, -1).contiguous(),
        None if alpha is None else _upright(unit_tensor(alpha[..., None])[None], orientation).contiguous(),
    )


def _grey(picture: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    samples, transparent = np.asarray(picture), picture.info.get("transparency")
    alpha = None if transparent is None else samples != transparent
    if picture.mode == "F":
        samples, full = np.nan_to_num(samples, posinf=0, neginf=0), 1
    else:
        full = 65535
    low, high = float(samples.min()), float(samples.max())
    if low < 0 or high > full:
        samples = np.subtract(samples, low, dtype=np.float64)  # the span may be beyond float32's
        samples /= high - low or 1
    elif picture.mode != "F":
        samples = samples.astype(np.uint16)
    return samples[..., None], alpha


def _color(picture: Image.Image, low_bytes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    transparent = picture.info.get("transparency")
    if low_bytes is not None:
        samples = np.asarray(picture)
        if np.array_equal(np.asarray(srgb(picture)), samples[..., :3]):
            samples = samples * np.uint16(256) + low_bytes
            image, alpha = samples[..., :3], samples[..., 3] if samples.shape[-1] == 4 else None
            if transparent is not None:
                alpha = (image != np.array(transparent)).any(axis=-1)
            return image, alpha
    if picture.mode in ("PA", "RGBa") or transparent is not None:
        picture = picture.convert("RGBA")
    elif picture.mode == "La":
        picture = picture.convert("LA")
    alpha = np.asarray(picture.getchannel("A")) if picture.mode in ("LA", "RGBA") else None
    return np.asarray(srgb(picture)), alpha


def _orientation(picture: Image.Image) -> object:
    try:
        return picture.getexif().get(ExifTags.Base.Orientation)
    except DAMAGED:
        return None


def _upright(image: Tensor, orientation: object) -> Tensor:
    """Return the image as EXIF means it to be seen: mirrored on its diagonal from 5 on, then flipped."""
    if orientation in (5, 6, 7, 8):
        image = image.mT
    axes = [axis for axis, flipped in ((-1, (2, 3, 6, 7)), (-2, (3, 4, 7, 8))) if orientation in flipped]
    return image.flip(axes) if axes else image


def unit_tensor(samples: np.ndarray) -> Tensor:
    """Return `(..., H, W, C)` samples as `(..., C, H, W)` in [0, 1]; integers and booleans are full scale."""
    full = 1 if samples.dtype.kind in "fb" else np.iinfo(samples.dtype).max
    if samples.dtype.kind == "f" or not samples.dtype.isnative:
        samples = samples.astype(np.float32)
    # Turned round while it is small: floats are four times a photograph's bytes.
    planes = torch.from_numpy(samples.copy()).movedim(-1, -3)
    return planes.to(torch.float32, memory_format=torch.contiguous_format).contiguous().div_(full)


def quantized(image: Tensor, dtype: torch.dtype = torch.uint8) -> Tensor:
    """Return `(..., C, H, W)` as integers, rounded, on the image's device.

    Raises:
        StylerError: If a value is not a number.
    """
    if not torch.stack(torch.aminmax(image)).isfinite().all():
        raise StylerError("the picture holds values that are not numbers", "try --dtype float32, or --device cpu")
    full = torch.iinfo(dtype).max
    return (image.float() * full).add_(0.5).clamp_(0, full).to(torch.int32).to(dtype)


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
    height, width = image.shape[-2:]
    scale = size / max(height, width)
    return resize_to(image, (max(1, round(height * scale)), max(1, round(width * scale))))


def resize_to(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the image, or the alpha, with `size` = (height, width) pixels."""
    if tuple(image.shape[-2:]) == size:
        return image
    return functional.interpolate(image, size, mode="bicubic", antialias=True).clamp_(0, 1)
