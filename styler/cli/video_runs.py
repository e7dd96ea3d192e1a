"""What `styler video` makes: one clip, all clips of a folder, or a stream of raw frames."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from styler.cli.video_output import VideoOutput
    from styler.transfer.stylizer import Stylizer
    from styler.video.clip_output import Output
    from styler.video.plan import Timing
    from styler.video.segment_running import Workers
    from styler.video.settings import VideoSettings


def make_clip(
    clip: Path,
    stylizer: "Stylizer",
    settings: "VideoSettings",
    output: "Output",
    timing: "Timing",
    workers: "Workers",
    messages: "VideoOutput",
) -> None:
    """Make one clip, and print what was written; --fps of a folder of frames is their own rate."""
    from styler.video.clip import stylize_clip
    from styler.video.plan import Timing

    folder_rate, begin = None, time.monotonic()
    if clip.is_dir() or "%" in clip.name:
        folder_rate, timing = timing.fps, Timing(timing.start, timing.end)
    messages.begin(output.out)
    how: dict[str, Any] = {"timing": timing, "folder_rate": folder_rate, "workers": workers}
    result = stylize_clip(clip, stylizer, settings, output, progress=messages.progress, **how)
    messages.print_result(result, time.monotonic() - begin)


def make_clips(
    clips: Path,
    styles: list[Path],
    stylizer: "Stylizer",
    settings: "VideoSettings",
    output: "Output",
    timing: "Timing",
    workers: "Workers",
    messages: "VideoOutput",
    *,
    recursive: bool,
) -> int:
    """Make all pairs of clips and styles, or a shard's part of each, and return how many failed."""
    from styler.batch.ledger import open_ledger
    from styler.batch.resuming import remaining_jobs
    from styler.video.clip_batch import ClipBatch, ClipOptions, planned_clips

    jobs = planned_clips(clips, styles, output.out, recursive=recursive, suffix="mp4")
    batch, failed = ClipBatch(stylizer, ClipOptions(settings, output, timing, workers), output.out), 0

    def progress(job: Any) -> Any:
        messages.begin(output.out / job.out)
        return messages.progress

    # Each clip is in the plan of one shard, though all make their part of it, so that a summary counts it once.
    with open_ledger(output.out, workers.shard, workers.shard.jobs(jobs)) as ledger:
        found = remaining_jobs(jobs, batch)
        for job, reason in found.skipped.items():
            messages.print_event("skipped", out=job.key, reason=reason)
        messages.console.print(f"{len(found.left)} of {len(jobs)} clips to make")
        for outcome, result in batch.outcomes(found.left, ledger, progress=progress):
            if result is not None:
                messages.print_result(result, outcome.seconds)
            elif outcome.error is not None:
                failed += 1
                messages.print_failure(outcome.job.key, outcome.error)
    return failed


def pipe_frames(stylizer: "Stylizer", settings: "VideoSettings", size: tuple[int, int], rate: float) -> None:
    """Stylize raw frames from standard input to standard output."""
    from styler.cli.stylizing import file_or_stdin, standard_output
    from styler.video.live import LiveStylizer, stylize_raw

    source, target = file_or_stdin(Path("-")), standard_output()
    if sys.stdout.isatty():
        raise typer.BadParameter("-o - writes raw frames to standard output: pipe it into a program")
    if isinstance(source, Path):
        raise TypeError("expected standard input")
    stylize_raw(source, target, LiveStylizer(stylizer, settings, size), size=size, rate=rate)
