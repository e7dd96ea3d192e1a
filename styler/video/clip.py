"""One video from file to file: analyzed, stylized segment by segment, joined; and resumed where it was stopped."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from styler.files import exclusive_lock, write_error
from styler.transfer.stylizer import Stylizer
from styler.video.analysis import found_or_new_plan
from styler.video.clip_output import Output, check_writable, encoding_of, result_size, work_folder, write_result
from styler.video.encoding import Encoding
from styler.video.frame_stylizing import FrameStylizer
from styler.video.input_files import input_record
from styler.video.joining import Copying, check_copied
from styler.video.plan import Timing
from styler.video.reading import open_video
from styler.video.segment_jobs import Clip, segment_jobs
from styler.video.segment_running import Workers, make_segments, missing_segments
from styler.video.settings import VideoSettings, settings_files, settings_record, with_absolute_paths
from styler.video.video_file import VideoFile
from styler.video.video_info import VideoInfo

LOCK = "lock"
"""File in the folder of the segments that one process holds while it analyzes or joins."""

Progress = Callable[[Literal["analyze", "stylize"], int, int], None]
"""Called with the stage, the number of frames that are done, and their total, 0 if unknown."""


@dataclass(frozen=True)
class ClipResult:
    """What was made: frames, those of them made now, shots, and frames of the source that were broken.

    `num_missing` segments are still to be made by other shards; while there are any, the result is not written. The
    last shard joins them, which `is_joined_here` tells.
    """

    out: Path
    num_frames: int
    num_new: int
    num_shots: int
    broken: int
    size: tuple[int, int]
    num_missing: int = 0
    is_joined_here: bool = True


def stylize_clip(
    source: Path,
    stylizer: Stylizer,
    settings: VideoSettings,
    output: Output,
    *,
    timing: Timing | None = None,
    folder_rate: Fraction | None = None,
    workers: Workers | None = None,
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
        workers: Who makes the segments; by default this process.
        progress: See `Progress`.

    Raises:
        StylerError: If the source can't be read, an option does not fit it, or the result can't be written.
    """
    timing, workers = timing or Timing(), workers or Workers()
    check_writable(output)
    if workers.cluster is not None:
        source, settings = source.absolute(), with_absolute_paths(settings)
    video = open_video(source, rate=folder_rate)
    size = result_size(video.info, output)
    encoding = encoding_of(video.info, output, timing, size)
    encoding.context()  # raises before anything is written
    is_copied = isinstance(video, VideoFile) and output.streams == "all"
    copying = Copying(source if is_copied else None, timing.start, timing.end)
    check_copied(copying, output.out)
    work = work_folder(output.out)
    try:
        work.mkdir(exist_ok=True)
    except OSError as error:
        raise write_error(work, error) from error
    key = clip_key(source, stylizer, settings, encoding, timing, video.info)
    frames = FrameStylizer(stylizer, settings, size, quarter_turns=video.info.quarter_turns)
    with exclusive_lock(work / LOCK):
        plan = found_or_new_plan(video, frames, timing, work, key=key, size=size, progress=progress)
    clip = Clip(video, plan, timing, encoding, size, key)
    num_new = make_segments(clip, frames, work, workers, lambda done, total: progress("stylize", done, total))
    num_missing, is_joined_here = joined(clip, frames, work, output, copying)
    num_shots = len(set(plan.shots))
    return ClipResult(output.out, len(plan.times), num_new, num_shots, plan.broken, size, num_missing, is_joined_here)


def joined(clip: Clip, frames: FrameStylizer, work: Path, output: Output, copying: Copying) -> tuple[int, bool]:
    """Write the result if all segments are there; return how many are missing, and whether it was written now."""
    if not work.is_dir():  # another shard has joined them
        return 0, False
    with exclusive_lock(work / LOCK):
        if not work.is_dir():
            return 0, False
        if missing := missing_segments(clip, frames, work):
            return len(missing), False
        write_result(clip, segment_jobs(clip, steady=frames.settings.steady), work, output, copying)
        shutil.rmtree(work, ignore_errors=True)
    return 0, True


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
