"""Pictures as arrays `(1, 3, H, W)` of float32 in [0, 1], resized and saved without torch."""

from pathlib import Path

import numpy as np
from PIL import Image

from styler.choices import Depth
from styler.files import atomic_file
from styler.images.encoding import encode, is_deep
from styler.images.metadata import Metadata
from styler.images.sizes import resized_size
from styler.images.writable import writable_format


def floats_of(samples: np.ndarray) -> np.ndarray:
    """Return samples `(C, H, W)` of a file, C = 1 or 3, as a picture; integers are full scale."""
    full = np.float32(1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max)
    planes = np.broadcast_to(samples, (3, *samples.shape[1:]))
    return (planes.astype(np.float32) / full)[None]


def resized(picture: np.ndarray, size: int) -> np.ndarray:
    """Return a picture with its longer side `size` pixels long, antialiased bicubic as `Picture.resized`.

    Raises:
        StylerError: If it would be enlarged beyond the limit.
    """
    height, width = resized_size(picture.shape[-2], picture.shape[-1], size)
    if (height, width) == picture.shape[-2:]:
        return picture
    planes = [Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC) for plane in picture[0]]
    return np.stack([np.asarray(plane) for plane in planes])[None].clip(0, 1)


def save_array(
    picture: np.ndarray, path: Path, *, metadata: Metadata, overwrite: bool = False, depth: Depth = 8
) -> None:
    """Write a picture, whole or not at all; see `styler.images.saving.save_image`.

    Raises:
        StylerError: If the file exists or cannot be written.
    """
    format = writable_format(path, overwrite=overwrite)
    dtype = np.uint16 if is_deep(format, depth) else np.uint8
    full = np.iinfo(dtype).max
    planes = [(plane * np.float32(full) + np.float32(0.5)).clip(0, full).astype(dtype) for plane in picture[0]]
    with atomic_file(path, overwrite=overwrite) as file:
        encode(file, planes, None, metadata, format)
