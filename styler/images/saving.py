"""Pictures from memory into files and streams, whole or not at all."""

import errno
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from torch import Tensor

from styler.choices import FORMATS, Depth, Format
from styler.errors import StylerError
from styler.files import atomic_file, exists_error, write_error
from styler.images.encoding import encode
from styler.images.metadata import Metadata
from styler.images.own_samples import OwnSamples
from styler.images.streams import name_of, spooled_file


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
            encode(file, image, alpha, metadata, chosen, depth, own=own)
    else:
        chosen = FORMATS.get(f".{format}".lower())
        if chosen is None:
            raise ValueError(f"expected a format of {', '.join(FORMATS)} for a stream, got {format!r}")
        with spooled_file() as file:
            encode(file, image, alpha, metadata, chosen, depth, own=own)
            file.seek(0)
            try:
                shutil.copyfileobj(file, target)
                target.flush()
            except OSError as error:
                raise write_error(name_of(target), error) from error
    return alpha is not None and chosen != "JPEG"


def writable_format(target: str | os.PathLike[str], *, format: str | None = None, overwrite: bool = False) -> Format:
    """Return the format in which `save_image` would write: to be asked before long work, not after it.

    Raises:
        StylerError: If the ending is unknown, the folder missing or closed, or the file exists.
    """
    path = Path(target)
    chosen = FORMATS.get(path.suffix.lower() if format is None else f".{format.lower()}")
    if chosen is None:
        raise StylerError(f"{path} has no ending of a picture that can be written", f"end it in {', '.join(FORMATS)}")
    try:
        if not path.parent.is_dir():
            raise StylerError(f"no such folder: {path.parent}", f"make it first: mkdir -p {path.parent}")
        if path.exists() and not path.is_file():
            raise StylerError(f"{path} is not a file", "choose another name")
        if path.exists() and not overwrite:
            raise exists_error(path)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise write_error(path, error) from error
    return chosen
