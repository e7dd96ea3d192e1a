"""The plan of a video: which frames are shown when, the shots, their maps, and the segments to be made."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styler.files import atomic_file
from styler.images.pixels import quantized, resize_to, to_float
from styler.video.ahead import Ahead, queue_length
from styler.video.color import rgb_of
from styler.video.frame_stylizing import FrameStylizer, Sample
from styler.video.shot_maps import save_maps
from styler.video.shots import SIDE, CutDetector, frame_moments
from styler.video.video_info import TimedFrame, Video, VideoInfo

SEGMENT_FRAMES = 96
"""Frames of a segment at most: four seconds, which a killed run loses."""

NUM_SAMPLES = 8
"""Frames of a shot whose moments are taken, and half as many at least."""


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


def maps_file(folder: Path, shot: int) -> Path:
    """Return the file of the maps of a shot, or of its colors if each frame has maps of its own."""
    return folder / f"maps-{shot:05}.safetensors"


def analyzed(
    video: Video,
    frames: FrameStylizer,
    timing: Timing,
    folder: Path,
    *,
    key: dict[str, Any],
    size: tuple[int, int],
    on_frame: Callable[[int], None] = lambda count: None,
) -> Plan:
    """Return the plan of a video, and write the maps of its shots to a folder.

    Args:
        video: The source.
        frames: Computes the maps.
        timing: Which part, at which rate.
        folder: Where maps go.
        key: See `Plan`.
        size: Height and width of the result.
        on_frame: Called with the number of frames seen.
    """
    plan, sources, shots = Plan(key), _SourceFrames(), _Shots(frames, folder, size)
    reader = Ahead(selected(video, timing), queue_length(video.info.height, video.info.width))
    try:
        for count, (number, timed) in enumerate(reader, 1):
            sources.add(number, timed)
            shots.add(timed, float(timed.pts * video.info.time_base), video.info)
            on_frame(count)
    finally:
        reader.close()
    shots.finish()
    plan.broken = video.broken
    sources.schedule(plan, timing, video.info, shots.numbers)
    return plan


class _SourceFrames:
    """Numbers, times and durations of the source's frames."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.times: list[int] = []
        self.durations: list[int] = []

    def add(self, number: int, timed: TimedFrame) -> None:
        """Add a frame; that a frame lasts until the next one begins is known only then."""
        if self.times:
            self.durations[-1] = timed.pts - self.times[-1]
        self.numbers.append(number)
        self.times.append(timed.pts)
        self.durations.append(timed.duration)

    def schedule(self, plan: Plan, timing: Timing, info: VideoInfo, shots: list[int]) -> None:
        """Fill the plan: all frames, or those that are shown at each tick of another rate."""
        if not self.times:
            return
        if timing.fps is None:
            shift = round(timing.start / info.time_base)
            plan.sources, plan.durations, plan.shots = self.numbers, self.durations, shots
            plan.times = [pts - shift for pts in self.times]
            return
        first, last = self.times[0], self.times[-1] + self.durations[-1]
        count = max(1, round((last - first) * info.time_base * timing.fps))
        index = 0
        for tick in range(count):
            now = first + tick / (timing.fps * info.time_base)
            while index + 1 < len(self.times) and self.times[index + 1] <= now:
                index += 1
            plan.sources.append(self.numbers[index])
            plan.times.append(tick)
            plan.durations.append(1)
            plan.shots.append(shots[index])


class _Shots:
    """Finds the shots, and computes the maps of each when it has ended."""

    def __init__(self, frames: FrameStylizer, folder: Path, size: tuple[int, int]):
        self.numbers: list[int] = []
        self._frames, self._folder, self._size = frames, folder, size
        self._detector, self._waiting = CutDetector(), []
        self._samples = _Samples()
        self._needed = not frames.settings.changes or frames.settings.preserve_color == "match"

    def add(self, timed: TimedFrame, seconds: float, info: VideoInfo) -> None:
        """Add a frame of the source."""
        small = small_image(timed, info)
        self._waiting.append((timed, seconds, info))
        self._take(self._detector.push(frame_moments(self._frames.stylizer.model.encoder, small)))

    def finish(self) -> None:
        """End the last shot."""
        self._take(self._detector.finish())
        self._end_shot()

    def _take(self, decisions: list[bool]) -> None:
        for begins in decisions:
            timed, seconds, info = self._waiting.pop(0)
            if begins:
                self._end_shot()
            self.numbers.append(self.numbers[-1] + begins if self.numbers else 0)
            if self._needed and self._samples.is_next_wanted():
                image = quantized(frame_image(timed, info, self._size))
                self._samples.add(seconds, Sample(image, self._frames.masks_at(seconds)))
            elif self._needed:
                self._samples.skip()

    def _end_shot(self) -> None:
        if self._samples.kept:
            seconds, samples = self._samples.kept[0][0], [one for _, one in self._samples.kept]
            path = maps_file(self._folder, self.numbers[-1])
            if self._frames.settings.changes:
                self._frames.begin_shot(samples)
                self._frames.save_colors(path)
            else:
                save_maps(self._frames.maps_of(samples, seconds), path)
        self._samples = _Samples()


class _Samples:
    """A few frames, evenly spread over a shot whose length is not known before it ends."""

    def __init__(self) -> None:
        self.kept: list[tuple[float, Sample]] = []
        self._stride, self._count = 1, 0

    def is_next_wanted(self) -> bool:
        """Return whether the next frame is one of them."""
        return self._count % self._stride == 0

    def skip(self) -> None:
        """Pass over a frame."""
        self._count += 1

    def add(self, seconds: float, sample: Sample) -> None:
        """Add a frame; of too many every second is dropped."""
        if len(self.kept) == NUM_SAMPLES:
            self.kept = self.kept[::2]
            self._stride *= 2
        self.kept.append((seconds, sample))
        self._count += 1


def small_image(timed: TimedFrame, info: VideoInfo) -> Tensor:
    """Return a frame at the size at which shots are compared, `(1, 3, h, w)`."""
    scale = min(1.0, SIDE / max(info.width, info.height))
    width, height = (max(16, round(side * scale)) for side in (info.width, info.height))
    array = timed.frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return to_float(torch.from_numpy(array).movedim(-1, 0)[None])


def frame_image(timed: TimedFrame, info: VideoInfo, size: tuple[int, int]) -> Tensor:
    """Return a frame as it is stylized, `(1, 3, H, W)`, floats in [0, 1]."""
    return resize_to(rgb_of(timed.frame, info.tags), size).contiguous()
