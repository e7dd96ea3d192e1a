"""Tags that claim more than memory holds: Pillow before 13 reads all that a directory claims, as often as it does."""

import re
from collections.abc import Iterator
from io import SEEK_END, BytesIO
from typing import Any, BinaryIO

from styler.errors import StylerError
from styler.images.exif import claims
from styler.images.metadata import exif_of

_MAX_BYTES = 1 << 28  # a quarter GiB: the layers of a large Photoshop TIFF lie in a tag too
_BYTES_LIKE = (1, 2, 6, 7)
_OBJECT = 20  # bytes in memory for each of a tag of numbers


def check_tags(file: BinaryIO, name: str) -> None:
    """Refuse a JPEG, TIFF or AVIF file, of which Pillow reads the tags as soon as it is opened.

    Raises:
        StylerError: If its tags claim more than a quarter GiB.
    """
    if any(claimed(block) > _MAX_BYTES for block in _directories(file)):
        raise StylerError(f"{name} is damaged: its tags claim more than {_MAX_BYTES >> 20} MiB", "save it anew")


def without_claims(info: dict[Any, Any]) -> dict[Any, Any]:
    """Return what Pillow found in a file, without EXIF that claims too much."""
    block = exif_of(info)
    if block is None or claimed(BytesIO(block)) <= _MAX_BYTES:
        return info
    return {key: value for key, value in info.items() if key not in ("exif", "Raw profile type exif")}


def claimed(file: BinaryIO) -> int:
    """Return how many bytes the values in a file's first directory take in memory, as far as they are there."""
    length = file.seek(0, SEEK_END)
    return sum(min(claim.size, length) * (1 if claim.kind in _BYTES_LIKE else _OBJECT) for claim in claims(file))


def _directories(file: BinaryIO) -> Iterator[BinaryIO]:
    file.seek(0)
    start = file.read(12)
    if start[:2] in (b"II", b"MM"):
        yield file
    elif start[:2] == b"\xff\xd8":
        yield BytesIO(b"".join(_jpeg_exif(file)))
    elif start[4:8] == b"ftyp":  # where in it EXIF lies would take another parser to tell
        data = start + file.read()
        yield from (BytesIO(data[match.start() :]) for match in re.finditer(rb"II\*\0|MM\0\*", data))


def _jpeg_exif(file: BinaryIO) -> Iterator[bytes]:
    """Yield the EXIF of a JPEG's segments before its picture, which Pillow joins."""
    file.seek(2)
    while (mark := file.read(4))[:1] == b"\xff" and mark[1:2] != b"\xda" and len(mark) == 4:
        segment = file.read(int.from_bytes(mark[2:]) - 2) if mark[2:] > b"\0\2" else b""
        if mark[1] == 0xE1 and segment.startswith(b"Exif\0\0"):
            yield segment[6:]
