from pathlib import Path
from types import SimpleNamespace

import pytest

from styler.batch.shards import Shard
from styler.video import plan
from styler.video.plan import Plan
from styler.video.segment_jobs import MAX_LEAD_FRAMES, Clip, jobs_of, lead_frames, segment_jobs


@pytest.fixture
def clip(monkeypatch):
    """A clip of two shots, with seven frames and five, in segments of three."""
    monkeypatch.setattr(plan, "SEGMENT_FRAMES", 3)
    count = 12
    found = Plan({}, list(range(count)), list(range(count)), [1] * count, [0] * 7 + [1] * 5)
    return Clip(SimpleNamespace(info=SimpleNamespace(path=Path("a.mp4"))), found, None, None, (8, 8), {})


def test_segments_cover_all_frames_and_do_not_cross_shots(clip):
    jobs = segment_jobs(clip, steady=0.75)
    assert [(job.first, job.end) for job in jobs] == [(0, 3), (3, 6), (6, 7), (7, 10), (10, 12)]


def test_lead_frames_are_those_of_the_segment_before_in_the_same_shot(clip):
    jobs = segment_jobs(clip, steady=0.3)  # two frames
    assert [job.lead for job in jobs] == [0, 1, 4, 7, 8]
    assert [job.next_lead for job in jobs] == [1, 4, 7, 8, 12]
    assert all(job.first <= job.next_lead <= job.end for job in segment_jobs(clip, steady=0.99))


def test_nothing_is_led_in_without_blending(clip):
    assert all(job.lead == job.first for job in segment_jobs(clip, steady=0))


@pytest.mark.parametrize("steady", [0.1, 0.5, 0.75, 0.9])
def test_what_is_older_than_the_lead_frames_has_nearly_no_share(steady):
    assert steady ** lead_frames(steady) <= 0.1 + 1e-9
    assert steady ** (lead_frames(steady) - 1) > 0.1 - 1e-9 or steady == 0.1


@pytest.mark.parametrize("steady", [0.95, 0.999, 1])
def test_lead_frames_are_limited(steady):
    assert lead_frames(steady) == MAX_LEAD_FRAMES


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_shards_have_each_segment_once_and_leave_its_bounds_alone(count, clip):
    jobs = segment_jobs(clip, steady=0.75)
    parts = [jobs_of(Shard(number, count), jobs) for number in range(1, count + 1)]
    assert [job for part in parts for job in part] == jobs
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
