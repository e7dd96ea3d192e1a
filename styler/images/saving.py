"""Pictures from memory into files and streams, whole or not at all."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from styler.choices import FORMATS, Depth, Format
from styler.files import atomic_file, write_error
from styler.images.encoding import OwnPlanes, Planes, encode, is_deep
from styler.images.format_limits import check_size
from styler.images.metadata import Metadata
from styler.images.own_samples import OwnSamples
from styler.images.pixels import quantized
from styler.images.streams import name_of, spooled_file
from styler.images.writable import writable_format


def save_image(
    image: Tensor,
    target: str | os.PathLike[str] | BinaryIO,
    *,
    alpha: Tensor | None = None,
    metadata: Metadata | None = None,
    format: str | None = None,
    overwrite: bool = False,
    depth: Depth = 8,
    own: OwnSamples | None = None,
) -> bool:
    """Write an image, whole or not at all, and return whether its alpha went with it.

    Args:
        image: Floats in [0, 1] or uint8 or uint16, full scale, on any device; rounded to `depth` bits.
        target: A file's path, or a binary stream.
        alpha: As `image`. JPEG has none: there the image is blended with white.
        metadata: What is written beside the pixels; nothing by default. With a profile for RGB the pixels
            are brought back to it from sRGB, any other is left out. JPEG holds 64 kB of EXIF, and as much
            XMP: there what is longer is left out, but never the settings.
        format: png, jpg, webp or tif; by the path's ending if None.
        overwrite: Whether a file that exists is replaced.
        depth: Bits per channel of PNG, TIFF and AVIF; the other formats have 8.
        own: Samples in the profile of `metadata` that replace others, used if that profile is written.

    Raises:
        StylerError: If the file exists or cannot be written, or the image has values that are not numbers.
        ValueError: If a stream comes without `format`.
    """
    metadata = metadata or Metadata()
    if isinstance(target, str | os.PathLike):
        chosen = writable_format(target, format=format, overwrite=overwrite)
        with atomic_file(Path(target), overwrite=overwrite) as file:
            _encode(file, image, alpha, metadata, chosen, depth, own)
    else:
        chosen = FORMATS.get(f".{format}".lower())
        if chosen is None:
            raise ValueError(f"expected a format of {', '.join(FORMATS)} for a stream, got {format!r}")
        with spooled_file() as file:
            _encode(file, image, alpha, metadata, chosen, depth, own)
            file.seek(0)
            try:
                shutil.copyfileobj(file, target)
                target.flush()
            except OSError as error:
                raise write_error(name_of(target), error) from error
    return alpha is not None and chosen != "JPEG"


def _encode(
    file: BinaryIO,
    image: Tensor,
    alpha: Tensor | None,
    metadata: Metadata,
    format: Format,
    depth: Depth,
    own: OwnSamples | None,
) -> None:
    check_size(f".{format.lower()}", image.shape[-2], image.shape[-1])
    dtype = torch.uint16 if is_deep(format, depth) else torch.uint8
    hidden = None if alpha is None else _planes(alpha, dtype)
    kept = None if own is None else OwnPlanes(_planes(own.samples, dtype), _planes(own.mask, torch.uint8))
    encode(file, _planes(image, dtype), hidden, metadata, format, own=kept)


def _planes(image: Tensor, dtype: torch.dtype) -> Planes:
    """Return `(1, C, H, W)` as integers, plane by plane: as floats, all of a large picture may be too much."""
    planes = image.reshape(-1, *image.shape[-2:])
    return [np.asarray(quantized(plane, dtype).cpu().contiguous()) for plane in planes]
