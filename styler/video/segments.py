"""Files of segments: encoded frames as they leave the encoder, to be joined in the container of the result.

A segment is a sequence of records, each a header (time, flags, size) and a packet. The container is written once,
over all segments, so that times stay exact and no container's rounding comes between.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av

from styler.errors import StylerError

RECORD = struct.Struct("<qBI")
KEY_FRAME = 1


class EncodedFrame(NamedTuple):
    """A packet: time in units of the time base, whether decoding can begin here, and its bytes."""

    pts: int
    is_key: bool
    data: bytes


def write_packet(file: BinaryIO, packet: av.Packet) -> None:
    """Append a packet to a segment."""
    data = bytes(packet)
    file.write(RECORD.pack(packet.pts or 0, KEY_FRAME if packet.is_keyframe else 0, len(data)))
    file.write(data)


def read_segment(path: Path) -> Iterator[EncodedFrame]:
    """Yield the packets of a segment, in the order in which they are decoded.

    Raises:
        StylerError: If it is damaged.
    """
    with path.open("rb") as file:
        while head := file.read(RECORD.size):
            try:
                pts, flags, size = RECORD.unpack(head)
            except struct.error as error:
                raise damaged(path) from error
            data = file.read(size)
            if len(data) != size:
                raise damaged(path)
            yield EncodedFrame(pts, bool(flags & KEY_FRAME), data)


def segment_times(path: Path) -> list[int]:
    """Return the times of the packets of a segment, in the order in which they are decoded, without reading them."""
    times = []
    with path.open("rb") as file:
        while len(head := file.read(RECORD.size)) == RECORD.size:
            pts, _, size = RECORD.unpack(head)
            times.append(pts)
            file.seek(size, 1)
    return times


def damaged(path: Path) -> StylerError:
    """Return the error for a segment that was changed."""
    return StylerError(f"{path} is damaged", f"remove the folder {path.parent} and run the command again")
