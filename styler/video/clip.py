"""One video from file to file: analyzed, stylized segment by segment, joined; and resumed where it was stopped."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from styler.batch.ledger import open_ledger
from styler.batch.pipeline import Pipeline
from styler.batch.resuming import remaining_jobs
from styler.batch.shards import Shard
from styler.errors import StylerError
from styler.files import atomic_file, exists_error, write_error
from styler.images.pixels import scaled_size
from styler.transfer.stylizer import Stylizer
from styler.video.analysis import analyzed
from styler.video.encoding import Encoding, VideoCodec, encoding_for, is_frame_folder
from styler.video.frame_stylizing import FrameStylizer, VideoSettings, settings_files, settings_record
from styler.video.joining import Copying, check_copied, join, write_frames
from styler.video.plan import Plan, Timing
from styler.video.reading import open_video
from styler.video.segment_stylizing import Clip, SegmentJob, SegmentStylizer, input_record
from styler.video.video_file import VideoFile
from styler.video.video_info import Video, VideoInfo

WORK_SUFFIX = ".styler-video"
"""Of the hidden folder beside a result that holds its finished segments until all are there."""

Progress = Callable[[Literal["analyze", "stylize"], int, int], None]
"""Called with the stage, the number of frames that are done, and their total, 0 if unknown."""

Streams = Literal["all", "none"]
"""Which other streams of the source are copied."""


@dataclass(frozen=True)
class Output:
    """How a result is written; see `encoding_for`."""

    out: Path
    codec: VideoCodec | None = None
    crf: float | None = None
    preset: str | None = None
    size: int | None = None
    streams: Streams = "all"
    overwrite: bool = False


@dataclass(frozen=True)
class ClipResult:
    """What was made: frames, those of them made now, shots, and frames of the source that were broken."""

    out: Path
    num_frames: int
    num_new: int
    num_shots: int
    broken: int
    size: tuple[int, int]


def stylize_clip(
    source: Path,
    stylizer: Stylizer,
    settings: VideoSettings,
    output: Output,
    *,
    timing: Timing | None = None,
    folder_rate: Fraction | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> ClipResult:
    """Write the stylized video; a run that was stopped is gone on with.

    Args:
        source: A video, an animated picture, or a folder of numbered pictures.
        stylizer: A loaded model.
        settings: How frames are stylized.
        output: What is written.
        timing: Which part of the source, at which rate.
        folder_rate: Frames per second of a folder of pictures.
        progress: See `Progress`.

    Raises:
        StylerError: If the source can't be read, an option does not fit it, or the result can't be written.
    """
    timing = timing or Timing()
    check_writable(output)
    video = open_video(source, rate=folder_rate)
    size = result_size(video.info, output)
    encoding = encoding_of(video.info, output, timing, size)
    encoding.context()  # raises before anything is written
    copying = Copying(source if isinstance(video, VideoFile) and output.streams == "all" else None)
    copying = Copying(copying.source, timing.start, timing.end)
    check_copied(copying, output.out)
    work = work_folder(output.out)
    key = clip_key(source, stylizer, settings, encoding, timing, video.info)
    frames = FrameStylizer(stylizer, settings, size, quarter_turns=video.info.quarter_turns)
    plan = planned(video, frames, timing, work, key, size, progress)
    clip = Clip(video, plan, timing, encoding, size, key)
    num_new = make_segments(clip, stylizer, settings, work, progress)
    write_result(clip, work, output, copying)
    shutil.rmtree(work, ignore_errors=True)
    return ClipResult(output.out, len(plan.times), num_new, len(set(plan.shots)), plan.broken, size)


def check_writable(output: Output) -> None:
    """Raise a StylerError if the result exists, or its folder does not."""
    if not output.out.parent.is_dir():
        raise write_error(output.out, FileNotFoundError(2, "No such file or directory"))
    first = output.out.with_name(output.out.name % 1) if "%" in output.out.name else output.out
    occupied = first.is_dir() and any(first.iterdir()) if is_frame_folder(output.out) else first.exists()
    if (occupied or (first.exists() and not first.is_dir())) and not output.overwrite:
        raise exists_error(first)


def work_folder(out: Path) -> Path:
    """Return the folder of the segments of a result."""
    return out.with_name(f".{out.name.replace('%', '')}{WORK_SUFFIX}")


def result_size(info: VideoInfo, output: Output) -> tuple[int, int]:
    """Return height and width of the result; those that --size gives are even."""
    if output.size is None:
        return info.height, info.width
    height, width = scaled_size(info.height, info.width, output.size)
    return max(2, height + height % 2), max(2, width + width % 2)


def encoding_of(info: VideoInfo, output: Output, timing: Timing, size: tuple[int, int]) -> Encoding:
    """Return how the result is encoded."""
    rate = info.rate if timing.fps is None else timing.fps
    options: dict[str, Any] = {"codec": output.codec, "crf": output.crf, "preset": output.preset}
    return encoding_for(info, output.out, size=size, time_base=timing.time_base(info), rate=rate, **options)


def clip_key(
    source: Path,
    stylizer: Stylizer,
    settings: VideoSettings,
    encoding: Encoding,
    timing: Timing,
    info: VideoInfo,
) -> dict[str, Any]:
    """Return all that the frames of the result depend on, ready for JSON."""
    content, *others = input_record(source, settings_files(settings))
    model = {"name": stylizer.model.name, "encoder": stylizer.fingerprint}
    recorded = settings_record(settings) | {
        "encoder": [
            encoding.encoder,
            encoding.format,
            encoding.width,
            encoding.height,
            sorted(encoding.options.items()),
        ],
        "timing": [str(timing.start), str(timing.end), str(timing.fps), str(info.time_base)],
    }
    key = {"content": content, "styles": others, "others": [], "model": model, "settings": recorded}
    return json.loads(json.dumps(key))  # as it is read back, to be compared with that


def planned(
    video: Video,
    frames: FrameStylizer,
    timing: Timing,
    work: Path,
    key: dict[str, Any],
    size: tuple[int, int],
    progress: Progress,
) -> Plan:
    """Return the plan of an earlier run, or a new one.

    Raises:
        StylerError: If there are no frames from start to end.
    """
    path = work / "plan.json"
    found = Plan.load(path, key)
    if found is not None:
        return found
    try:
        work.mkdir(exist_ok=True)
    except OSError as error:
        raise write_error(work, error) from error
    total = video.info.num_frames
    found = analyzed(
        video, frames, timing, work, key=key, size=size, on_frame=lambda count: progress("analyze", count, total)
    )
    if not found.times:
        shutil.rmtree(work, ignore_errors=True)
        raise StylerError(f"{video.info.path} has no frames in this part", "check --start and --end")
    found.save(path)
    return found


def make_segments(clip: Clip, stylizer: Stylizer, settings: VideoSettings, work: Path, progress: Progress) -> int:
    """Make the segments that are missing, and return how many frames they have.

    Raises:
        StylerError: If one fails.
    """
    counter = [0]
    total = len(clip.plan.times)

    def on_frame() -> None:
        counter[0] += 1
        progress("stylize", total - left + counter[0], total)

    frames = FrameStylizer(stylizer, settings, clip.size, quarter_turns=clip.video.info.quarter_turns)
    segments = SegmentStylizer(clip, frames, work, on_frame=on_frame)
    jobs = segments.jobs()
    with open_ledger(work, Shard(), jobs) as ledger:
        todo = from_the_first(jobs, remaining_jobs(jobs, segments).left, segments)
        left = sum(job.end - job.first for job in todo)
        pipeline = Pipeline(segments, ledger, num_threads=1, fail_fast=True)
        try:
            for outcome in pipeline.outcomes(todo):
                if outcome.error is not None:
                    raise outcome.error
        finally:
            segments.close()
    return left


def from_the_first(jobs: Sequence[SegmentJob], left: Sequence[Any], segments: SegmentStylizer) -> Sequence[SegmentJob]:
    """Return the segments from the first that is missing, or from the last before it that can begin without others.

    Each segment goes on with the frames of the one before.
    """
    if not left:
        return []
    index = min(jobs.index(job) for job in left)
    while not segments.can_begin_with(jobs[index]):
        index -= 1
    return jobs[index:]


def write_result(clip: Clip, work: Path, output: Output, copying: Copying) -> None:
    """Join the segments."""
    paths = [work / f"{number:05}.segment" for number in range(len(clip.plan.segments()))]
    if is_frame_folder(output.out):
        folder = output.out.parent if "%" in output.out.name else output.out
        pattern = output.out.name if "%" in output.out.name else "%05d.png"
        try:
            folder.mkdir(exist_ok=True)
            write_frames(paths, folder, pattern)
        except OSError as error:
            raise write_error(folder, error) from error
        return
    with atomic_file(output.out, overwrite=output.overwrite) as file:
        join(
            paths,
            file,
            out=output.out,
            encoding=clip.encoding,
            info=clip.video.info,
            times=clip.plan.times,
            durations=clip.plan.durations,
            copying=copying,
        )
