"""The frames of a segment, encoded into its file."""

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from styler.files import atomic_file, sha256
from styler.video.color import frame_of
from styler.video.encoding import Encoding
from styler.video.plan import Plan
from styler.video.segments import write_packet


def encoded_segment(
    items: Iterator[tuple[Tensor, int]], path: Path, encoding: Encoding, plan: Plan, *, owner: str
) -> tuple[str, int]:
    """Write a segment, and return the SHA-256 and the size of its file.

    Args:
        items: Images, `(1, 3, H, W)`, and the numbers of their frames in the plan.
        path: The file.
        encoding: How frames are encoded.
        plan: When they are shown.
        owner: Prefix of the name of the unfinished file, see `atomic_file`.

    Raises:
        StylerError: If the encoder refuses its settings, or the file can't be written.
    """
    context = encoding.context()
    with atomic_file(path, overwrite=True, owner=owner) as file:
        for image, index in items:
            frame = frame_of(image, encoding.format, encoding.tags)
            frame.pts, frame.duration, frame.time_base = plan.times[index], plan.durations[index], encoding.time_base
            for packet in context.encode(frame):
                write_packet(file, packet)
        for packet in context.encode(None):
            write_packet(file, packet)
    return sha256(path), path.stat().st_size
