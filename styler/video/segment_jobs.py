"""The segments of a clip as jobs of a batch, which any process can make in any order.

Within a shot each result is blended with the one before, so a segment needs some of the frames before it: those are
stylized again where another process made them, and their results dropped. What is older no longer counts. Bounds and
these lead frames follow from the plan alone, so that the bytes do not depend on who makes which segment.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from styler.batch.plan import Job
from styler.batch.shards import Shard
from styler.video.encoding import Encoding
from styler.video.plan import Plan, Timing
from styler.video.video_info import Video

FORGOTTEN = 0.1
"""Share of what is older than the lead frames in the first result of a segment, at most."""

MAX_LEAD_FRAMES = 24
"""For shares of the frame before near 1, of which `FORGOTTEN` would take more."""


@dataclass(frozen=True)
class Clip:
    """A video that is being made: all that its segments share."""

    video: Video
    plan: Plan
    timing: Timing
    encoding: Encoding
    size: tuple[int, int]
    key: dict[str, Any]


@dataclass(frozen=True)
class SegmentJob(Job):
    """A segment to make: the frames of the plan from `first` to before `end`.

    Attributes:
        lead: Frame from which its blending begins, at most `first`.
        next_lead: The same of the next segment, `end` if that is in another shot.
    """

    first: int = 0
    end: int = 0
    lead: int = 0
    next_lead: int = 0


def segment_jobs(clip: Clip, *, steady: float) -> list[SegmentJob]:
    """Return the jobs of all segments; `steady` is the share of the frame before that is blended in."""
    path, shots, bounds = clip.video.info.path, clip.plan.shots, clip.plan.segments()
    leads = [0]
    for (before, _), (first, _) in pairwise(bounds):
        is_same_shot = shots[first] == shots[first - 1]
        leads.append(max(before, first - lead_frames(steady)) if is_same_shot else first)
    next_leads = [min(lead, end) for lead, (_, end) in zip([*leads[1:], math.inf], bounds, strict=True)]
    return [
        SegmentJob(path, path, 1.0, Path(f"{number:05}.segment"), (), first, end, lead, int(next_lead))
        for number, ((first, end), lead, next_lead) in enumerate(zip(bounds, leads, next_leads, strict=True))
    ]


def lead_frames(steady: float) -> int:
    """Return how many frames before a segment are stylized again, so that what is older has nearly no share."""
    if steady <= 0:
        return 0
    return MAX_LEAD_FRAMES if steady >= 1 else min(MAX_LEAD_FRAMES, math.ceil(math.log(FORGOTTEN) / math.log(steady)))


def jobs_of(shard: Shard, jobs: Sequence[SegmentJob]) -> list[SegmentJob]:
    """Return the segments of a shard: as many as of any other, one after the other, so that few frames are lead."""
    first, end = (len(jobs) * number // shard.count for number in (shard.number - 1, shard.number))
    return list(jobs[first:end])
