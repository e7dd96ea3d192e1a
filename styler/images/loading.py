"""Picture files and streams into memory."""

import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeGuard

from styler.choices import MAX_PIXELS
from styler.errors import StylerError, StylerWarning
from styler.images.metadata import read_metadata
from styler.images.opening import Opened, opened
from styler.images.streams import name_of, spooled_file
from styler.images.unpacking import Unpacked, can_unpack, unpack

File = str | os.PathLike[str] | BinaryIO

_MAX_BYTES = 1 << 30  # of a stream, which does not say its length
# Bytes a pixel at the peak of loading, samples included: where they are more than usual, fewer pixels are allowed.
_USUAL = 13
_DEARER = {"webp": 21, "heif": 16, "HEIF": 16, "JXL": 16, "AVIF": 16, "JPEG2000": 26}
# The most pixels that a byte can hold: deflate packs 1032 bytes of 8 pixels into one, LZW 2600 at 8 bits; a JPEG
# spends a bit on 64. Decoders that fill in what is missing would make a large picture of nothing.
_TIGHTEST = {"jpeg": 2600, "gif": 2600, "png": 8256, "PNG": 8256, "BMP": 8256, "PPM": 8}


def read_file(source: File, *, max_pixels: int = MAX_PIXELS, page: int | None = None, in_srgb: bool = True) -> Unpacked:
    """Return the samples, alpha and metadata of a file or a binary stream, upright; see `Picture.open`.

    Colors are in sRGB, or RGB without `in_srgb` in its own profile.
    """
    name = name_of(source)
    decoded = partial(_decoded, name=name, max_pixels=max_pixels, page=page, in_srgb=in_srgb)
    try:
        if isinstance(source, str | os.PathLike):
            with Path(source).open("rb") as file:
                if file.seekable():
                    return decoded(file)
                return _spooled(file, name, decoded)
        return _spooled(source, name, decoded)
    except FileNotFoundError:
        raise StylerError(f"no such file: {name}", "check the name and the folder") from None
    except IsADirectoryError:
        raise StylerError(f"{name} is a folder", "name a picture in it") from None
    except OSError as error:
        what = f"cannot read {name}: {error.strerror or error}"
        raise StylerError(what, "check the name, and who may read it") from error


def _spooled(stream: BinaryIO, name: str, decoded: Callable[[BinaryIO], Unpacked]) -> Unpacked:
    with spooled_file() as file:
        while data := stream.read(1 << 20):
            file.write(data)
            if file.tell() > _MAX_BYTES:
                raise StylerError(f"{name} goes on after {_MAX_BYTES >> 20} MiB", "write it to a file first")
        return decoded(file)


def _decoded(file: BinaryIO, *, name: str, max_pixels: int, page: int | None, in_srgb: bool) -> Unpacked:
    num_bytes = file.seek(0, os.SEEK_END)
    if not num_bytes:
        raise StylerError(f"{name} is empty", "check that all of it was copied")
    try:
        with opened(file, name) as found:
            _check(found, name, max_pixels, num_bytes)
            image, fields, tags, has_alpha = found.select(_index(found, page, name))
            if not can_unpack(image):
                what = f"{name} has samples that are not read: {image.bands} × {image.format}, {image.interpretation}"
                raise StylerError(what, "save it in a viewer as RGB with 8 or 16 bits")
            metadata, orientation = read_metadata(fields, tags)
            return unpack(image, metadata, orientation, has_alpha=has_alpha, in_srgb=in_srgb)
    except MemoryError:
        raise StylerError(f"{name} does not fit into memory", "make it smaller first") from None


def _index(found: Opened, page: int | None, name: str) -> int:
    """Return which frame or page is meant, counted from 0: the file's primary one unless one was chosen."""
    if page is not None and not 1 <= page <= found.num_pages:
        raise StylerError(f"{name} has no page {page}", f"choose a page from 1 to {found.num_pages}")
    if page is None and found.num_pages > 1:
        used = f"number {found.primary + 1}" if found.primary else "the first"
        text = f"{name} has {found.num_pages} frames or pages; {used} is used unless a page is chosen"
        warnings.warn(text, StylerWarning, stacklevel=2)
    return found.primary if page is None else page - 1


def _check(found: Opened, name: str, max_pixels: int, num_bytes: int) -> None:
    """Refuse a picture with no pixels, too many, or more than a file of `num_bytes` can hold."""
    width, height = found.size
    if width < 1 or height < 1:
        raise StylerError(f"{name} has no pixels: {width}×{height}", "choose another picture")
    limit = max_pixels * _USUAL / _DEARER.get(found.kind, _USUAL)
    if width * height > limit:
        most = f"{limit / 1e6:.3g} megapixels" if limit >= 1e5 else f"{limit:.0f} pixels"
        what = f"{name} has more than {most}: {width}×{height}"
        raise StylerError(what, "make it smaller first, or allow more with --max-pixels")
    if found.kind in _TIGHTEST and width * height > _TIGHTEST[found.kind] * num_bytes:
        raise StylerError(f"{name} is damaged: {num_bytes} bytes for {width}×{height} pixels", "copy it again")


def is_file(source: object) -> TypeGuard[File]:
    """Return whether the source is a path or a stream."""
    return isinstance(source, str | os.PathLike) or hasattr(source, "read")


def image_size(path: Path) -> tuple[int, int] | None:
    """Return height and width from a file's header, before it is turned upright; None if that can't be read."""
    try:
        with path.open("rb") as file, opened(file, str(path)) as found:
            return found.size[::-1]
    except (StylerError, OSError):
        return None
