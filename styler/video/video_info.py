"""What a video says about itself, and its frames with their times."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import av

from styler.errors import StylerError
from styler.video.color import ColorTags

MAX_PIXELS = 2**26
"""Pixels of a frame: twice 8K. A damaged header may ask for any number."""

FOLDER_RATE = Fraction(25)
"""Frames per second of a folder of pictures, unless another rate is given."""


class TimedFrame(NamedTuple):
    """A frame with its time and duration in units of the time base."""

    pts: int
    duration: int
    frame: av.VideoFrame


@dataclass(frozen=True)
class VideoInfo:
    """What a video says about itself, from its header and its first frame.

    Attributes:
        path: The file or the folder.
        width: Of a frame, in pixels, before rotation.
        height: The same.
        format: FFmpeg's name of the pixel format.
        depth: Bits per sample.
        yuv: Whether samples are luma and chroma.
        tags: Colors.
        time_base: Seconds per tick.
        rate: Average frames per second.
        aspect: Width of a pixel over its height.
        turn: Display matrix, nine integers as FFmpeg has them; None for upright.
        num_frames: As the header says; 0 if unknown.
    """

    path: Path
    width: int
    height: int
    format: str
    depth: int
    yuv: bool
    tags: ColorTags
    time_base: Fraction
    rate: Fraction
    aspect: Fraction = Fraction(1)
    turn: tuple[int, ...] | None = None
    num_frames: int = 0

    @property
    def quarter_turns(self) -> int:
        """How many quarters of a turn, counterclockwise, a player turns the frames by."""
        if self.turn is None:
            return 0
        a, b = self.turn[0], self.turn[1]
        return (0 if a > 0 else 2) if abs(a) >= abs(b) else (3 if b > 0 else 1)


class Video(Protocol):
    """A video that can be read from its beginning any number of times; `broken` counts repeated frames."""

    info: VideoInfo
    broken: int

    def frames(self) -> Iterator[TimedFrame]:
        """Yield the frames in the order in which they are shown."""
        ...


def size_error(name: object, height: int, width: int) -> StylerError:
    """Return the error for frames that are too large."""
    return StylerError(f"{name} has frames of {width}×{height} pixels", f"reduce it to {MAX_PIXELS} pixels or fewer")
