"""The first pass over a video: its frames are counted, its shots found, and their maps computed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from styler.errors import StylerError
from styler.video.ahead import Ahead, queue_length
from styler.video.frame_stylizing import FrameStylizer
from styler.video.plan import Plan, Timing, selected
from styler.video.schedule import SourceFrames
from styler.video.shot_sampling import Shots
from styler.video.video_info import Video

PLAN = "plan.json"


def found_or_new_plan(
    video: Video,
    frames: FrameStylizer,
    timing: Timing,
    folder: Path,
    *,
    key: dict[str, Any],
    size: tuple[int, int],
    progress: Callable[[Literal["analyze"], int, int], None],
) -> Plan:
    """Return the plan that an earlier run or another shard has left in a folder, or a new one; see `analyzed`.

    Raises:
        StylerError: If there are no frames from start to end.
    """
    found = Plan.load(folder / PLAN, key)
    if found is not None:
        return found
    total = video.info.num_frames
    found = analyzed(
        video, frames, timing, folder, key=key, size=size, on_frame=lambda count: progress("analyze", count, total)
    )
    if not found.times:
        shutil.rmtree(folder, ignore_errors=True)
        raise StylerError(f"{video.info.path} has no frames in this part", "check --start and --end")
    found.save(folder / PLAN)
    return found


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
    plan, sources, shots = Plan(key), SourceFrames(), Shots(frames, folder, size)
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
