"""Files that FFmpeg reads: opening, and what is known of the moving pictures in them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from styler.errors import StylerError
from styler.video.video_info import FOLDER_RATE


def opened(path: Path) -> av.container.InputContainer:
    """Return the open container.

    Raises:
        StylerError: If it can't be read.
    """
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, ValueError, OverflowError, UnicodeError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> StylerError:
    """Return the error for a file that FFmpeg does not read."""
    reason = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), type(error).__name__)
    return StylerError(f"can't read {path}: {reason}", "check that the file is complete, and plays in another program")


def video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """Return the first stream with moving pictures; covers of music do not count.

    Raises:
        StylerError: If there is none, or FFmpeg has no decoder for it.
    """
    kinds = sorted({stream.type for stream in container.streams})
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                todo = "convert it with another program, e.g. to H.264"
                raise StylerError(f"{path} has video of an unknown or encrypted codec", todo)
            return stream
    found = f"only {' and '.join(kinds)}" if kinds else "no streams"
    raise StylerError(f"{path} has no video, {found}", "give a file with moving pictures")


def frame_rate(stream: av.VideoStream) -> Fraction:
    """Return the average frames per second, or what comes next to it."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= 1000:
            return Fraction(rate)
    return FOLDER_RATE


def display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    """Return the display matrix of a frame, None if it is the identity."""
    data = frame.side_data.get("DISPLAYMATRIX")
    matrix = None if data is None else tuple(np.frombuffer(bytes(data), "=i4")[:9].tolist())
    return None if matrix == (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30) else matrix
