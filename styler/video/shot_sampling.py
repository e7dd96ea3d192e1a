"""The shots of a video and their maps, computed from a few frames of each."""

from pathlib import Path

from styler.images.pixels import quantized
from styler.video.frame_images import frame_image, small_image
from styler.video.frame_stylizing import FrameStylizer, Sample
from styler.video.shots import CutDetector, frame_moments
from styler.video.video_info import TimedFrame, VideoInfo

NUM_SAMPLES = 8
"""Frames of a shot whose moments are taken, and half as many at least."""


def maps_file(folder: Path, shot: int) -> Path:
    """Return the file of the maps of a shot, or of its colors if each frame has maps of its own."""
    return folder / f"maps-{shot:05}.safetensors"


class Shots:
    """Finds the shots, and computes the maps of each when it has ended."""

    def __init__(self, frames: FrameStylizer, folder: Path, size: tuple[int, int]):
        self.numbers: list[int] = []
        self._frames, self._folder, self._size = frames, folder, size
        self._detector, self._waiting = CutDetector(), []
        self._samples = Samples()
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
                self._frames.styles.save_colors(path)
            else:
                self._frames.save_look(samples, seconds, path)
        self._samples = Samples()


class Samples:
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
