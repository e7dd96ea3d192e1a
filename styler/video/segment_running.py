"""Running the segments of a clip: in this process, as one of several shards, or as tasks of a Ray cluster."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from styler.batch.ledger import Ledger, open_ledger
from styler.batch.pipeline import Outcome, Pipeline
from styler.batch.plan import Job
from styler.batch.ray_engine import ray_outcomes
from styler.batch.resuming import remaining_jobs
from styler.batch.shards import Shard
from styler.video.frame_stylizing import FrameStylizer
from styler.video.segment_jobs import Clip, SegmentJob, jobs_of, segment_jobs
from styler.video.segment_stylizing import SegmentStylizer
from styler.video.settings import VideoSettings


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster, see `ray_outcomes`, and the arguments of `Stylizer` for the models of its workers."""

    model: str = "auto"
    device: str = "auto"
    address: str | None = None
    num_workers: int | None = None


@dataclass(frozen=True)
class Workers:
    """Who makes the segments: this process those of `shard`, or a cluster."""

    shard: Shard = field(default_factory=Shard)
    cluster: Cluster | None = None


@dataclass(frozen=True)
class SegmentSetup:
    """What a worker of a cluster needs for a `SegmentStylizer`; all paths are absolute."""

    cluster: Cluster
    dtype: str
    settings: VideoSettings
    clip: Clip
    folder: Path
    owner: str

    def batch_stylizer(self) -> SegmentStylizer:
        """Return a new `SegmentStylizer` with the model loaded."""
        from styler.transfer.stylizer import Stylizer

        stylizer = Stylizer(self.cluster.model, device=self.cluster.device, dtype=self.dtype)
        turns = self.clip.video.info.quarter_turns
        frames = FrameStylizer(stylizer, self.settings, self.clip.size, quarter_turns=turns)
        return SegmentStylizer(self.clip, frames, self.folder, owner=self.owner)


def make_segments(
    clip: Clip,
    frames: FrameStylizer,
    work: Path,
    workers: Workers,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Make those segments of this process or of the cluster that are missing, and return how many frames they have.

    Args:
        clip: See `Clip`.
        frames: Stylizes the frames.
        work: Folder of the segments.
        workers: Who makes them.
        progress: Called with the number of frames that are done, and their total.

    Raises:
        StylerError: If one fails.
    """
    jobs = jobs_of(workers.shard, segment_jobs(clip, steady=frames.settings.steady))
    with open_ledger(work, workers.shard, jobs) as ledger:
        counter = FrameCounter(jobs, progress)
        segments = SegmentStylizer(clip, frames, work, owner=ledger.path.stem, on_frame=lambda: counter.add(1))
        todo = [job for job in jobs if job in set(remaining_jobs(jobs, segments).left)]
        counter.begin(todo)
        on_cluster = workers.cluster is not None
        outcomes = (
            cluster_outcomes(todo, segments, workers.cluster, ledger) if on_cluster else here(todo, segments, ledger)
        )
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
            if on_cluster:
                counter.add(num_frames(outcome.job))
    return sum(map(num_frames, todo))


def missing_segments(clip: Clip, frames: FrameStylizer, work: Path) -> list[Job]:
    """Return the segments that no process has made."""
    segments = SegmentStylizer(clip, frames, work)
    return remaining_jobs(segment_jobs(clip, steady=frames.settings.steady), segments).left


def num_frames(job: Job) -> int:
    """Return the number of frames of a segment."""
    return job.end - job.first if isinstance(job, SegmentJob) else 0


class FrameCounter:
    """Counts frames that are done, those of earlier runs included."""

    def __init__(self, jobs: Sequence[Job], progress: Callable[[int, int], None]):
        self._total, self._done, self._progress = sum(map(num_frames, jobs)), 0, progress

    def begin(self, todo: Sequence[Job]) -> None:
        """Count all as done that are not to do."""
        self._done = self._total - sum(map(num_frames, todo))

    def add(self, count: int) -> None:
        """Count frames that were made now."""
        self._done += count
        self._progress(self._done, self._total)


def here(todo: Sequence[SegmentJob], segments: SegmentStylizer, ledger: Ledger) -> Iterator[Outcome]:
    """Yield the outcome of each segment, made in this process."""
    try:
        yield from Pipeline(segments, ledger, num_threads=1, fail_fast=True).outcomes(todo)
    finally:
        segments.close()


def cluster_outcomes(
    todo: Sequence[SegmentJob], segments: SegmentStylizer, cluster: Cluster, ledger: Ledger
) -> Iterator[Outcome]:
    """Yield the outcome of each segment, made by the workers of a cluster with the model and precision of this process.

    Raises:
        StylerError: If Ray is not installed, or there is no cluster at the address.
    """
    stylizer = segments.stylizer
    if cluster.model == "auto":
        cluster = replace(cluster, model=stylizer.model.name)
    dtype = str(stylizer.dtype).removeprefix("torch.")
    owner = f"{ledger.path.stem}-ray-segments"
    folder = segments.folder.absolute()
    setup = SegmentSetup(cluster, dtype, segments.frames.settings, segments.clip, folder, owner)
    options: dict[str, Any] = {"address": cluster.address, "num_workers": cluster.num_workers}
    yield from ray_outcomes(todo, setup, ledger=ledger.path.stem, fail_fast=True, **options)
