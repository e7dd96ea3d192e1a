"""The result of a clip: where it is written, how large and how encoded, and its file joined from segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from styler.files import atomic_file, exists_error, write_error
from styler.images.pixels import scaled_size
from styler.video.encoders import VideoCodec
from styler.video.encoding import Encoding, encoding_for, is_frame_folder
from styler.video.joining import Copying, join
from styler.video.picture_joining import write_frames
from styler.video.plan import Timing
from styler.video.segment_jobs import Clip, SegmentJob
from styler.video.video_info import VideoInfo

WORK_SUFFIX = ".styler-video"
"""Of the hidden folder beside a result that holds its finished segments until all are there."""

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


def write_result(clip: Clip, segments: Sequence[SegmentJob], work: Path, output: Output, copying: Copying) -> None:
    """Join the segments in a folder.

    Raises:
        StylerError: If the result can't be written.
    """
    paths = [work / job.out for job in segments]
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
