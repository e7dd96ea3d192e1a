"""The plan of a video: which frames are shown when, the shots, and the segments to be made."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from styler.files import atomic_file
from styler.video.video_info import TimedFrame, Video, VideoInfo

SEGMENT_FRAMES = 96
"""Frames of a segment at most: four seconds, which a killed run loses."""


@dataclass(frozen=True)
class Timing:
    """Which part of a video is made, and at which rate; None keeps what there is.

    Attributes:
        start: Seconds.
        end: Seconds.
        fps: Frames per second.
    """

    start: Fraction = Fraction(0)
    end: Fraction | None = None
    fps: Fraction | None = None

    def time_base(self, info: VideoInfo) -> Fraction:
        """Return the seconds per tick of the result."""
        return info.time_base if self.fps is None else 1 / self.fps


@dataclass
class Plan:
    """What is known of a video once all its frames were seen.

    Attributes:
        key: Identifies the inputs and the settings.
        sources: Number of the source's frame for each frame of the result.
        times: When each frame of the result is shown, in units of its time base.
        durations: For how long.
        shots: Number of the shot of each frame of the result.
        broken: Frames of the source that could not be decoded.
    """

    key: dict[str, Any]
    sources: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    shots: list[int] = field(default_factory=list)
    broken: int = 0

    def segments(self) -> list[tuple[int, int]]:
        """Return the first and the last frame + 1 of each segment: shots, in parts of `SEGMENT_FRAMES` at most."""
        bounds = [0]
        for index in range(1, len(self.times)):
            if self.shots[index] != self.shots[index - 1] or index - bounds[-1] >= SEGMENT_FRAMES:
                bounds.append(index)
        return list(zip(bounds, [*bounds[1:], len(self.times)], strict=True))

    def save(self, path: Path) -> None:
        """Write the plan."""
        with atomic_file(path, overwrite=True) as file:
            file.write(json.dumps(asdict(self)).encode())

    @classmethod
    def load(cls, path: Path, key: dict[str, Any]) -> "Plan | None":
        """Return the plan in a file; None if there is none, or it is one of other inputs or settings."""
        try:
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.key == key else None


def selected(video: Video, timing: Timing) -> Iterator[tuple[int, TimedFrame]]:
    """Yield the frames from start to end, with their numbers."""
    base = video.info.time_base
    for number, timed in enumerate(video.frames()):
        seconds = timed.pts * base
        if timing.end is not None and seconds >= timing.end:
            return
        if seconds >= timing.start:
            yield number, timed
