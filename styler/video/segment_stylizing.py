"""Segments as the jobs of a batch: loaded, stylized and saved by the batch's pipeline, recorded in its ledger."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import styler
from styler.batch.ledger import Ledger
from styler.batch.pictures import BatchStylizer
from styler.batch.plan import Job
from styler.transfer.record import Record
from styler.video.ahead import Behind, queue_length
from styler.video.blending import Blender
from styler.video.frame_images import frame_image
from styler.video.frame_reader import FrameReader
from styler.video.frame_stylizing import FrameStylizer, Look
from styler.video.segment_encoding import encoded_segment
from styler.video.segment_jobs import Clip, SegmentJob
from styler.video.shot_sampling import maps_file


@dataclass(frozen=True, eq=False)
class LoadedSegment:
    """A segment whose frames will be decoded as they are stylized."""

    job: SegmentJob
    seconds: float = 0.0
    num_pixels: int = 1

    @property
    def batch_key(self) -> SegmentJob:
        """Segments are stylized one by one."""
        return self.job


class SegmentStylizer(BatchStylizer):
    """Stylizes the segments of one video, in any order; fastest in that of their frames."""

    def __init__(
        self,
        clip: Clip,
        frames: FrameStylizer,
        folder: Path,
        *,
        owner: str = "",
        on_frame: Callable[[], None] = lambda: None,
    ):
        """Store the arguments; decoding begins with the first segment.

        Args:
            clip: See `Clip`.
            frames: Stylizes the frames.
            folder: Where segments and maps lie.
            owner: Prefix of the names of unfinished files, see `atomic_file`.
            on_frame: Called after each frame.
        """
        super().__init__(frames.stylizer, {}, folder, overwrite=True)
        self.clip, self.frames, self.owner, self.on_frame = clip, frames, owner, on_frame
        self._reader = FrameReader(clip.video, clip.timing)
        self._following: tuple[int, Blender] | None = None
        self._encoder: Behind[tuple[Tensor, int]] | None = None
        self._digests: dict[SegmentJob, tuple[str, int]] = {}

    def record(self, job: Job) -> Record:
        """Return what the segment is made from."""
        span = [job.lead, job.first, job.end] if isinstance(job, SegmentJob) else []
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
        return LoadedSegment(job)

    def stylize(self, batch: Sequence[LoadedSegment]) -> list[Behind[tuple[Tensor, int]]]:  # ty: ignore[incompatible-method-override]
        """Return the encoder of the segment, all of whose frames are stylized; the last may still be being encoded.

        Raises:
            StylerError: If a frame can't be read, or encoded.
        """
        (loaded,) = batch
        job, look = loaded.job, self._look(loaded.job)
        start, blender = self._blender(job)
        following = Blender(self.frames.settings.steady)
        self._encoder = encoder = Behind(lambda items: self._encode(job, items), queue_length(*self.clip.size))
        try:
            for index in range(start, job.end):
                timed = self._reader.frame(self.clip.plan.sources[index])
                seconds = float(timed.pts * self.clip.video.info.time_base)
                image = frame_image(timed, self.clip.video.info, self.clip.size)
                alone = self.frames.stylized(image, seconds, look)
                masks = self.frames.masks_at(seconds)
                result = blender(image, alone, masks)
                if index >= job.next_lead:
                    following(image, alone, masks)
                if index >= job.first:
                    encoder.put((self.frames.with_kept(result, image, seconds), index))
                    self.on_frame()
        except BaseException:
            encoder.cancel()
            raise
        self._following = (job.end, following)
        return [encoder]

    def save(self, loaded: LoadedSegment, samples: Behind, seconds: float, ledger: Ledger) -> float:  # ty: ignore[incompatible-method-override]
        """Wait for the encoder, and write the segment's line in the ledger; return the seconds.

        Raises:
            StylerError: If it can't be written.
        """
        start, job = time.perf_counter(), loaded.job
        samples.finish()
        digits, num_bytes = self._digests.pop(job)
        seconds = round(seconds + time.perf_counter() - start, 4)
        line = {"out": job.key, "output": digits, "bytes": num_bytes, **self.record(job)}
        ledger.append({"outcome": "done", **line, "seconds": seconds})
        return seconds

    def close(self) -> None:
        """End all threads."""
        self._reader.close()
        if self._encoder is not None:
            self._encoder.cancel()

    def _look(self, job: SegmentJob) -> Look | None:
        path = maps_file(self.folder, self.clip.plan.shots[job.first])
        if not self.frames.settings.changes:
            return self.frames.load_look(path)
        if path.exists():
            self.frames.styles.load_colors(path)
        return None

    def _blender(self, job: SegmentJob) -> tuple[int, Blender]:
        """Return the frame to begin with, and a blender that has seen the lead frames before it."""
        if self._following is not None and self._following[0] == job.first > job.lead:
            return self._following[0], self._following[1]
        return job.lead, Blender(self.frames.settings.steady)

    def _encode(self, job: SegmentJob, items: Iterator[tuple[Tensor, int]]) -> None:
        path = self.folder / job.out
        self._digests[job] = encoded_segment(items, path, self.clip.encoding, self.clip.plan, owner=self.owner)
