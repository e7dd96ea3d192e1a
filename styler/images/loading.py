"""Picture files and streams into memory."""

import os
from pathlib import Path
from typing import BinaryIO, TypeGuard

from PIL import Image

from styler.choices import MAX_PIXELS
from styler.errors import StylerError
from styler.images.deep_color import is_deep, low_bytes
from styler.images.metadata import read_metadata
from styler.images.picture_file import check, opened
from styler.images.streams import name_of, spooled_file
from styler.images.tag_claims import check_tags, without_claims
from styler.images.unpacking import DAMAGED, Unpacked, unpack

File = str | os.PathLike[str] | BinaryIO

_MAX_BYTES = 1 << 30  # of a stream, which does not say its length


def read_file(source: File, *, max_pixels: int = MAX_PIXELS) -> Unpacked:
    """Return the samples, alpha and metadata of a file or a binary stream, upright, in sRGB; see `Picture.open`."""
    name = name_of(source)
    try:
        if isinstance(source, str | os.PathLike):
            with Path(source).open("rb") as file:
                if file.seekable():
                    return _decoded(file, name, max_pixels)
                return _spooled(file, name, max_pixels)
        return _spooled(source, name, max_pixels)
    except FileNotFoundError:
        raise StylerError(f"no such file: {name}", "check the name and the folder") from None
    except IsADirectoryError:
        raise StylerError(f"{name} is a folder", "name a picture in it") from None
    except OSError as error:
        what = f"cannot read {name}: {error.strerror or error}"
        raise StylerError(what, "check the name, and who may read it") from error


def _spooled(stream: BinaryIO, name: str, max_pixels: int) -> Unpacked:
    with spooled_file() as file:
        while data := stream.read(1 << 20):
            file.write(data)
            if file.tell() > _MAX_BYTES:
                raise StylerError(f"{name} goes on after {_MAX_BYTES >> 20} MiB", "write it to a file first")
        return _decoded(file, name, max_pixels)


def _decoded(file: BinaryIO, name: str, max_pixels: int) -> Unpacked:
    num_bytes = file.seek(0, os.SEEK_END)
    if not num_bytes:
        raise StylerError(f"{name} is empty", "check that all of it was copied")
    try:
        check_tags(file, name)
        with opened(file) as picture:
            check(picture, name, max_pixels, num_bytes)
            low = low_bytes(file) if is_deep(picture) else None
            picture.load()
            picture.info = without_claims(picture.info)
            metadata = read_metadata(picture.info, file if picture.format == "TIFF" else None)
            return unpack(picture, low, metadata)
    except StylerError:  # itself a RuntimeError, as some of Pillow's are
        raise
    except Image.UnidentifiedImageError:
        todo = "check it in a viewer, and save it there as PNG, JPEG, WebP or TIFF"
        raise StylerError(f"{name} is no picture that can be read", todo) from None
    except MemoryError:
        raise StylerError(f"{name} does not fit into memory", "make it smaller first") from None
    except DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StylerError(f"{name} is damaged: {reason}", "copy it again, or save it anew in a viewer") from error


def is_file(source: object) -> TypeGuard[File]:
    """Return whether the source is a path or a stream."""
    return isinstance(source, str | os.PathLike) or hasattr(source, "read")


def image_size(path: Path) -> tuple[int, int] | None:
    """Return height and width from a file's header, before it is turned upright; None if that can't be read."""
    try:
        with path.open("rb") as file, opened(file) as picture:
            return picture.height, picture.width
    except DAMAGED:
        return None
