"""Segments as the jobs of a batch: loaded, stylized and saved by the batch's pipeline, recorded in its ledger."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import styler
from styler.batch.ledger import Ledger
from styler.batch.pictures import BatchStylizer
from styler.batch.plan import Job
from styler.errors import StylerError
from styler.files import atomic_file, sha256
from styler.transfer.input_record import file_hash
from styler.transfer.record import Record
from styler.video.ahead import Ahead, Behind, queue_length
from styler.video.blending import Blender, BlendState
from styler.video.color import frame_of
from styler.video.encoding import Encoding
from styler.video.frame_images import frame_image
from styler.video.frame_stylizing import FrameStylizer
from styler.video.plan import Plan, Timing, selected
from styler.video.segments import write_packet
from styler.video.shot_sampling import maps_file
from styler.video.video_info import TimedFrame, Video


@dataclass(frozen=True)
class SegmentJob(Job):
    """A segment to make: the frames of the plan from `first` to before `end`."""

    first: int = 0
    end: int = 0


@dataclass(frozen=True, eq=False)
class LoadedSegment:
    """A segment whose frames are being decoded."""

    job: SegmentJob
    seconds: float = 0.0
    num_pixels: int = 1

    @property
    def batch_key(self) -> SegmentJob:
        """Segments are stylized one by one."""
        return self.job


@dataclass(frozen=True, eq=False)
class StylizedSegment:
    """A segment whose last frames are being encoded, and what the next one needs of it."""

    encoder: Behind[tuple[Tensor, int]]
    state: BlendState | None


@dataclass(frozen=True)
class Clip:
    """A video that is being made: all that its segments share."""

    video: Video
    plan: Plan
    timing: Timing
    encoding: Encoding
    size: tuple[int, int]
    key: dict[str, Any]


class SegmentStylizer(BatchStylizer):
    """Stylizes the segments of one video, in their order: each goes on with the frames where the last one ended."""

    def __init__(
        self,
        clip: Clip,
        frames: FrameStylizer,
        folder: Path,
        *,
        on_frame: Callable[[], None] = lambda: None,
    ):
        """Store the arguments; decoding begins with the first segment.

        Args:
            clip: See `Clip`.
            frames: Stylizes the frames.
            folder: Where segments, maps and states lie.
            on_frame: Called after each frame.
        """
        super().__init__(frames.stylizer, {}, folder, overwrite=True)
        self.clip, self.frames, self.on_frame = clip, frames, on_frame
        self._reader: Ahead[tuple[int, TimedFrame]] | None = None
        self._current: tuple[int, TimedFrame] | None = None
        self._state: tuple[int, BlendState | None] = (0, None)
        self._encoder: Behind[tuple[Tensor, int]] | None = None
        self._digests: dict[SegmentJob, tuple[str, int]] = {}

    def jobs(self) -> list[SegmentJob]:
        """Return the jobs of all segments."""
        path, alpha = self.clip.video.info.path, 1.0
        return [
            SegmentJob(path, path, alpha, Path(f"{number:05}.segment"), first=first, end=end)
            for number, (first, end) in enumerate(self.clip.plan.segments())
        ]

    def record(self, job: Job) -> Record:
        """Return what the segment is made from."""
        span = [job.first, job.end] if isinstance(job, SegmentJob) else []
        names = ("content", "styles", "others", "model")
        settings = self.clip.key["settings"] | {"segment": span}
        return {"styler": styler.__version__, "torch": torch.__version__, "settings": settings} | {
            name: self.clip.key[name] for name in names
        }

    def pixels_to_load(self, job: Job) -> int:
        """Return 1: the decoder has a queue of its own."""
        return 1

    def load(self, job: Job) -> LoadedSegment:  # ty: ignore[incompatible-method-override]  what goes between load and save
        """Return a segment; its frames are decoded by one thread for all segments."""
        if not isinstance(job, SegmentJob):
            raise TypeError(f"expected a segment, got {job}")
        if self._reader is None:
            info = self.clip.video.info
            items = selected(self.clip.video, self.clip.timing)
            self._reader = Ahead(items, queue_length(info.height, info.width))
        return LoadedSegment(job)

    def stylize(self, batch: Sequence[LoadedSegment]) -> list[StylizedSegment]:  # ty: ignore[incompatible-method-override]
        """Return the stylized segment; its last frames may still be being encoded.

        Raises:
            StylerError: If a frame can't be read, or encoded.
        """
        (loaded,) = batch
        job, plan = loaded.job, self.clip.plan
        shot = plan.shots[job.first]
        path = maps_file(self.folder, shot)
        look = None
        if not self.frames.settings.changes:
            look = self.frames.load_look(path)
        elif path.exists():
            self.frames.load_colors(path)
        blender = Blender(self.frames.settings.steady, state=self._state_before(job))
        self._encoder = encoder = Behind(lambda items: self._encode(job, items), queue_length(*self.clip.size))
        try:
            for index, (timed, seconds) in zip(range(job.first, job.end), self._frames_of(job), strict=False):
                image = frame_image(timed, self.clip.video.info, self.clip.size)
                result = blender(image, self.frames.stylized(image, seconds, look))
                encoder.put((self.frames.with_kept(result, image, seconds), index))
                self.on_frame()
        except BaseException:
            encoder.cancel()
            raise
        self._state = (job.end, blender.state)
        return [StylizedSegment(encoder, blender.state)]

    def save(self, loaded: LoadedSegment, samples: StylizedSegment, seconds: float, ledger: Ledger) -> float:  # ty: ignore[incompatible-method-override]
        """Wait for the encoder, write the state after the segment and its line in the ledger; return the seconds.

        Raises:
            StylerError: If it can't be written.
        """
        start, job = time.perf_counter(), loaded.job
        samples.encoder.finish()
        if samples.state is not None and job.end < len(self.clip.plan.times):
            samples.state.save(self._state_file(job.end))
        digits, num_bytes = self._digests.pop(job)
        seconds = round(seconds + time.perf_counter() - start, 4)
        line = {"out": job.key, "output": digits, "bytes": num_bytes, **self.record(job)}
        ledger.append({"outcome": "done", **line, "seconds": seconds})
        self._state_file(job.first).unlink(missing_ok=True)
        return seconds

    def can_begin_with(self, job: SegmentJob) -> bool:
        """Return whether what a segment needs of the one before is there."""
        shots = self.clip.plan.shots
        begins = job.first == 0 or shots[job.first] != shots[job.first - 1]
        return begins or not self.frames.settings.steady or self._state_file(job.first).exists()

    def close(self) -> None:
        """End all threads."""
        if self._reader is not None:
            self._reader.close()
        if self._encoder is not None:
            self._encoder.cancel()

    def _state_file(self, index: int) -> Path:
        return self.folder / f"state-{index:08}.safetensors"

    def _state_before(self, job: SegmentJob) -> BlendState | None:
        shots = self.clip.plan.shots
        if job.first == 0 or shots[job.first] != shots[job.first - 1]:
            return None
        index, state = self._state
        if index == job.first:
            return state
        path = self._state_file(job.first)
        return BlendState.load(path) if path.exists() else None

    def _frames_of(self, job: SegmentJob) -> Iterator[tuple[TimedFrame, float]]:
        """Yield the source's frame of each frame of the segment, and its time in seconds."""
        base = self.clip.video.info.time_base
        for wanted in self.clip.plan.sources[job.first : job.end]:
            while self._current is None or self._current[0] < wanted:
                self._current = next(self._reader, None) if self._reader is not None else None
                if self._current is None:
                    todo = "it must not change while it is being read: run the command again"
                    raise StylerError(f"{self.clip.video.info.path} has fewer frames than before", todo)
            timed = self._current[1]
            yield timed, float(timed.pts * base)

    def _encode(self, job: SegmentJob, items: Iterator[tuple[Tensor, int]]) -> None:
        encoding, plan = self.clip.encoding, self.clip.plan
        context = encoding.context()
        path, owner = self.folder / job.out, "styler-ledger"
        with atomic_file(path, overwrite=True, owner=owner) as file:
            for image, index in items:
                frame = frame_of(image, encoding.format, encoding.tags)
                frame.pts, frame.time_base, frame.duration = (
                    plan.times[index],
                    encoding.time_base,
                    plan.durations[index],
                )
                for packet in context.encode(frame):
                    write_packet(file, packet)
            for packet in context.encode(None):
                write_packet(file, packet)
        self._digests[job] = sha256(path), path.stat().st_size


def input_record(content: Path, others: Sequence[Path]) -> list[dict[str, str]]:
    """Return names and hashes of files; a folder of frames counts with the names, sizes and times of its files."""
    return [{"name": path.name, "sha256": folder_hash(path)} for path in (content, *others)]


def folder_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or of what a folder lists."""
    if path.is_file():
        return file_hash(path)
    folder = path if path.is_dir() else path.parent
    listed = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(folder.iterdir())]
    return hashlib.sha256(repr(listed).encode()).hexdigest()
