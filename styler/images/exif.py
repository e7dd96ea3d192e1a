"""Directories of tags, as EXIF blocks and TIFF files hold them, in the bytes of the file.

By hand, since libvips reads and writes no EXIF in TIFF, tells no page's kind, and passes EXIF of other formats through
libexif, which drops tags that it does not know (a rating) and rewrites makers' notes.
"""

import struct
from collections.abc import Iterator
from io import SEEK_END
from typing import BinaryIO, NamedTuple

import numpy as np

EXIF, GPS, INTEROPERABILITY, IPTC = 34665, 34853, 40965, 33723
# Sizes, resolution, layout, thumbnails and layers of the old file; orientation, XMP, IPTC and profile: see `Metadata`.
_OF_THE_FILE = {*range(254, 260), 262, 263, 266, 273, 274, *range(277, 285), 292, 293, 296, 301, 317, *range(320, 326)}
_OF_THE_FILE |= {330, 332, 334, 336, *range(338, 342), 347, 512, 513, 514, *range(529, 533), 700, *range(20498, 20533)}
_OF_THE_FILE |= {33723, 34377, 34675, 37724, 40962, 40963}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_MAX_BYTES, _MAX_PAGES, _MAX_TAGS = 1 << 20, 1000, 4096  # bytes of all tags; a maker's note takes a tenth


class Tag(NamedTuple):
    """A tag's values as the file holds them."""

    kind: int
    count: int
    data: bytes


Tags = dict[int, "Tag | Tags"]
"""Tags by number; a directory in the directory is one more dictionary."""


def order_of(file: BinaryIO) -> str:
    """Return the byte order of a TIFF file or an EXIF block, "<" or ">", or "" if it is neither."""
    file.seek(0)
    return {b"II*\0": "<", b"II+\0": "<", b"MM\0*": ">", b"MM\0+": ">"}.get(file.read(4), "")


def read_pages(file: BinaryIO, *, max_bytes: int = _MAX_BYTES) -> Iterator[Tags]:
    """Yield the tags of each page; of an EXIF block the first is what describes the picture."""
    order, seen = order_of(file), set()
    file.seek(2)
    big = b"+" in file.read(2)
    file.seek(8 if big else 4)
    at = int.from_bytes(file.read(8 if big else 4), "little" if order == "<" else "big")
    while order and at and at not in seen and len(seen) < _MAX_PAGES:
        seen.add(at)
        tags, at = _directory(file, at, order, "Q" if big else "I", [max_bytes])
        yield tags


def _directory(file: BinaryIO, at: int, order: str, form: str, room: list[int]) -> tuple[Tags, int]:
    """Return the tags of a directory, as far as `room` for bytes lasts, and where the next lies."""
    count_form, offsets = order + ("Q" if form == "Q" else "H"), order + form
    inline = struct.calcsize(offsets)  # bytes of values that lie in the entry
    end, tags, step = file.seek(0, SEEK_END), Tags(), 4 + 2 * inline
    file.seek(min(at, end))
    (length,) = struct.unpack_from(count_form, file.read(struct.calcsize(count_form)).ljust(8, b"\0"))
    entries = file.read(step * min(length, _MAX_TAGS))
    (following,) = struct.unpack_from(offsets, file.read(inline).ljust(8, b"\0"))
    for place in range(0, len(entries) - step + 1, step):
        number, kind, count = struct.unpack_from(f"{order}HH{form}", entries, place)
        size, data = _SIZES.get(kind, 0) * count, entries[place + step - inline : place + step]
        if not 0 < size <= room[0]:
            continue
        if size > inline:
            file.seek(min(struct.unpack(offsets, data)[0], end))
            data = file.read(size)
        if number in (EXIF, GPS, INTEROPERABILITY):
            room[0] -= 1 << 14  # a directory that contains itself ends there
            inner = struct.unpack_from(offsets, data.ljust(8, b"\0"))[0]
            tags[number] = _directory(file, inner, order, form, room)[0]
        elif len(data) >= size:
            room[0] -= size
            tags[number] = Tag(kind, count, data[:size])
    return tags, following


def describing(tags: Tags) -> Tags:
    """Return the tags that describe what is seen, not the file: no size, layout, orientation or thumbnail."""
    kept = {n: describing(tag) if isinstance(tag, dict) else tag for n, tag in tags.items() if n not in _OF_THE_FILE}
    note = kept.get(37500)
    if isinstance(note, Tag) and note.data.startswith(b"Apple iOS\0"):  # names the burst, video and gain map
        del kept[37500]
    return {number: tag for number, tag in kept.items() if tag}


def values(tag: "Tag | Tags | None", order: str) -> list[int]:
    """Return the whole numbers of a tag; none if it has others."""
    form = {1: "B", 3: "H", 4: "I", 7: "B"}.get(tag.kind) if isinstance(tag, Tag) else None
    return list(struct.unpack(f"{order}{tag.count}{form}", tag.data)) if isinstance(tag, Tag) and form else []


def fractions(tag: Tag, order: str) -> list[float]:
    """Return the numbers of a tag of fractions; none if it has others, or a denominator is zero."""
    if tag.kind != 5:
        return []
    numbers = struct.unpack(f"{order}{2 * tag.count}I", tag.data)
    return [above / below for above, below in zip(numbers[::2], numbers[1::2], strict=True) if below]


def swapped(tags: Tags) -> Tags:
    """Return the tags in the other byte order."""
    unit = _SIZES | {5: 4, 10: 4}
    return {
        number: swapped(tag)
        if isinstance(tag, dict)
        else tag._replace(data=np.frombuffer(tag.data, f"u{unit[tag.kind]}").byteswap().tobytes())
        for number, tag in tags.items()
    }


def packed(tags: Tags, order: str, at: int) -> bytes:
    """Return a directory that is to lie `at` this position, with its values behind it."""
    entries, behind = b"", b""
    start = at + 2 + 12 * len(tags) + 4
    for number, tag in sorted(tags.items()):
        if isinstance(tag, dict):
            inner = packed(tag, order, start + len(behind))
            tag, behind = Tag(4, 1, struct.pack(order + "I", start + len(behind))), behind + inner
        data = tag.data
        if len(data) > 4:
            data = struct.pack(order + "I", start + len(behind))
            behind += tag.data + bytes(len(tag.data) % 2)
        entries += struct.pack(order + "HHI", number, tag.kind, tag.count) + data.ljust(4, b"\0")
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + behind


def block(tags: Tags, order: str) -> bytes:
    """Return the EXIF block of a picture file, from its byte order on."""
    return (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8) + packed(tags, order, 8)
