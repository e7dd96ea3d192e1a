"""EXIF: directories of tags, as TIFF files and the EXIF blocks of other formats hold them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO, Literal, NamedTuple

ORIENTATION, USER_COMMENT, EXIF_DIRECTORY = 274, 37510, 34665
_GPS_DIRECTORY, _INTEROPERABILITY_DIRECTORY = 34853, 40965
_DIRECTORIES = (EXIF_DIRECTORY, _GPS_DIRECTORY, _INTEROPERABILITY_DIRECTORY)
# How the samples of the old file lay, its size, its previews and layers, and what Metadata holds by itself.
_STRUCTURE = {*range(254, 260), 262, 263, 266, ORIENTATION, *range(277, 282), 284, 292, 293, 317, 320, 273, 301}
_STRUCTURE |= {*range(321, 326), 330, 332, 334, 336, 338, 339, 340, 341, 347, 512, 513, 514, 529, 530, 531, 532}
_STRUCTURE |= {700, 33723, 34377, 34675, 37724, 40962, 40963}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}  # bytes, by type
_BIG_SIZES = {**_SIZES, 16: 8, 17: 8, 18: 8}
_MAX_BYTES = 1 << 20  # of all that is kept; a maker's note takes a tenth


class Tag(NamedTuple):
    """A tag's values as the file holds them."""

    kind: int
    count: int
    data: bytes


@dataclass
class Exif:
    """Tags by number; a directory in the directory is one more dictionary."""

    order: Literal["<", ">"] = "<"
    tags: dict[int, "Tag | dict"] = field(default_factory=dict)


class Claim(NamedTuple):
    """What a directory says of a tag: its values lie at `position`, counted from the file's start."""

    tag: int
    kind: int
    count: int
    size: int
    position: int


def read_exif(block: bytes | BinaryIO) -> Exif | None:
    """Return what describes the picture in an EXIF block or in a TIFF file, or None if it holds no directory.

    Orientation, size, thumbnail and all that tells how samples lie is left out; so is what is broken or too
    large. A maker's note is kept as it is, at another place in the file.
    """
    file = BytesIO(block.removeprefix(b"Exif\0\0")) if isinstance(block, bytes) else block
    file.seek(0)
    order = _order(file.read(4))
    if order is None:
        return None
    return Exif(order, _tags(file, order, claims(file), [_MAX_BYTES], _DIRECTORIES))


def claims(file: BinaryIO, at: int | None = None) -> Iterator[Claim]:
    """Yield the tags of one directory, by default the first; none if there is no such directory."""
    file.seek(0)
    header = file.read(16)
    order = _order(header[:4])
    if order is None or len(header) < 8:
        return
    big = b"+" in header[2:4]
    if at is None:
        at = int.from_bytes(header[8:16] if big else header[4:8], "little" if order == "<" else "big")
    count_form, entry_form = (order + "Q", order + "HHQ") if big else (order + "H", order + "HHI")
    inline, sizes = (8, _BIG_SIZES) if big else (4, _SIZES)
    file.seek(min(at, 1 << 62))
    head = file.read(struct.calcsize(count_form))
    if len(head) < struct.calcsize(count_form):
        return
    length = struct.calcsize(entry_form) + inline
    for index in range(min(struct.unpack(count_form, head)[0], 0xFFFF)):
        place = at + len(head) + index * length
        file.seek(place)
        entry = file.read(length)
        if len(entry) < length:
            return
        tag, kind, count = struct.unpack_from(entry_form, entry)
        size = sizes.get(kind, 0) * count
        far = size > inline
        offset = struct.unpack_from(order + ("Q" if big else "I"), entry, length - inline)[0]
        yield Claim(tag, kind, count, size, offset if far else place + length - inline)


def _order(mark: bytes) -> Literal["<", ">"] | None:
    if mark in (b"II*\0", b"II+\0"):
        return "<"
    return ">" if mark in (b"MM\0*", b"MM\0+") else None


def _tags(
    file: BinaryIO, order: str, found: Iterator[Claim], room: list[int], directories: tuple[int, ...]
) -> dict[int, Tag | dict]:
    """Return the tags that are kept; `room` holds the bytes that may still be."""
    tags: dict[int, Tag | dict] = {}
    for claim in found:
        if claim.tag in _STRUCTURE or not 0 < claim.size <= room[0] or claim.kind not in _SIZES:
            continue
        file.seek(claim.position)
        data = file.read(claim.size)
        if len(data) < claim.size:
            continue
        room[0] -= claim.size
        if claim.tag in _DIRECTORIES:
            if claim.tag in directories and len(data) == 4:
                (at,) = struct.unpack(order + "I", data)
                inner = (_INTEROPERABILITY_DIRECTORY,) if claim.tag == EXIF_DIRECTORY else ()
                tags[claim.tag] = _tags(file, order, claims(file, at), room, inner)
        else:
            tags[claim.tag] = Tag(claim.kind, claim.count, data)
    return tags


def exif_block(exif: Exif) -> bytes:
    """Return the EXIF block of a picture file, from its byte order on."""
    return header(exif.order, 8) + packed(exif.tags, exif.order, 8)


def header(order: str, at: int) -> bytes:
    """Return a TIFF file's first eight bytes; its directory lies `at`."""
    return (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at)


def packed(tags: dict[int, Tag | dict], order: str, at: int) -> bytes:
    """Return a directory that is to lie `at` this position, with its values behind it."""
    entries, values = b"", b""
    start = at + 2 + 12 * len(tags) + 4
    for number in sorted(tags):
        tag = tags[number]
        if isinstance(tag, dict):
            position = struct.pack(order + "I", start + len(values))
            values += packed(tag, order, start + len(values))
            tag = Tag(4, 1, position)
            data = position
        elif len(tag.data) > 4:
            data = struct.pack(order + "I", start + len(values))
            values += tag.data + bytes(len(tag.data) % 2)
        else:
            data = tag.data.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", number, tag.kind, tag.count) + data
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + values
