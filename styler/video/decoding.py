"""Decoded frames of a container; those that are broken are repeated and counted."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from styler.video.containers import frame_rate, unreadable
from styler.video.video_info import TimedFrame

MAX_BROKEN = 10_000
"""Packets in a row that cannot be decoded before a file is given up."""


def decoded(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path, broken: list[int]
) -> Iterator[TimedFrame]:
    """Yield the frames with times that increase; `broken[0]` counts those that can't be decoded.

    In their place the frame before is repeated. Times that are missing, or not after the one before, are set from the
    frame rate.
    """
    usual = max(1, round(1 / (frame_rate(stream) * (stream.time_base or Fraction(1, 1000)))))
    last: TimedFrame | None = None
    missing = 0
    for frame in decoded_or_broken(container, stream, path, broken):
        if frame is None:
            missing += 1
            continue
        for _ in range(missing):
            if last is not None and (frame.pts is None or last.pts + 1.5 * usual < frame.pts):
                last = last._replace(pts=last.pts + usual)
                yield last
        missing = 0
        pts = frame.pts
        if pts is None or (last is not None and pts <= last.pts):
            pts = 0 if last is None else last.pts + (usual if pts is None else 1)
        last = TimedFrame(pts, int(frame.duration or 0) or usual, frame)
        yield last
    if last is not None:
        for number in range(1, missing + 1):
            yield TimedFrame(last.pts + number * usual, usual, last.frame)


def decoded_or_broken(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path, broken: list[int]
) -> Iterator[av.VideoFrame | None]:
    """Yield each frame, None for one that can't be decoded."""
    in_a_row = 0
    packets = container.demux(stream)
    while True:
        packet = next_packet(packets, broken)
        try:
            frames = stream.codec_context.decode(packet if packet is not None and packet.size else None)
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, ValueError) as error:
            broken[0], in_a_row = broken[0] + 1, in_a_row + 1
            if in_a_row > MAX_BROKEN or isinstance(error, av.error.PatchWelcomeError):
                raise unreadable(path, error) from error
            yield None
            if packet is None:
                return
            continue
        in_a_row = 0
        for frame in frames:
            broken[0] += frame.is_corrupt
            yield None if frame.is_corrupt else frame
        if packet is None or not packet.size:
            return


def next_packet(packets: Iterator[av.Packet], broken: list[int]) -> av.Packet | None:
    """Return the next packet; None at the end, which is counted as broken if it comes too early."""
    try:
        return next(packets, None)
    except (av.error.FFmpegError, ValueError, OverflowError):
        broken[0] += 1
        return None
