"""Several processes that make the segments of one clip."""

from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
from clips import moving_frames, write_clip

from styler.batch.shards import Shard
from styler.files import sha256
from styler.video import plan
from styler.video.clip_output import work_folder
from styler.video.segment_running import Cluster, Workers

COUNT = 18


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "SEGMENT_FRAMES", 4)
    return write_clip(tmp_path / "a.mp4", moving_frames(COUNT, step=1), sound=True)


def part(number, count):
    return Workers(Shard(number, count))


@pytest.mark.parametrize("moments", ["shot", "frame"])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)], ids=str)
def test_shards_in_any_order_give_the_bytes_of_one_run(order, moments, source, stylized, tmp_path):
    settings, out = {"moments": moments}, tmp_path / "b.mp4"
    stylized(source, tmp_path / "whole.mp4", settings=settings)
    found = [stylized(source, out, settings=settings, workers=part(number, 3)) for number in order]
    assert sum(result.num_new for result in found) == COUNT
    assert [result.is_joined_here for result in found] == [False, False, True]
    assert [result.num_missing for result in found][-1] == 0
    assert sha256(out) == sha256(tmp_path / "whole.mp4")
    assert not work_folder(out).exists()


def test_a_mask_that_is_a_video_is_the_same_for_every_shard(source, stylized, tmp_path):
    mask = write_clip(tmp_path / "mask.mp4", moving_frames(COUNT, seed=5))
    settings, out = {"keep": mask}, tmp_path / "b.mp4"
    stylized(source, tmp_path / "whole.mp4", settings=settings)
    for number in (2, 1):
        stylized(source, out, settings=settings, workers=part(number, 2))
    assert sha256(out) == sha256(tmp_path / "whole.mp4")


def test_shards_at_the_same_time_analyze_once_and_join_once(source, stylized, tmp_path):
    stylized(source, tmp_path / "whole.mp4")
    out, found, analyzed = tmp_path / "b.mp4", [], []

    def run(number):
        def progress(stage, done, total):
            if stage == "analyze":
                analyzed.append(number)

        found.append(stylized(source, out, workers=part(number, 2), progress=progress))

    threads = [Thread(target=run, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(analyzed)) == 1
    assert [result.is_joined_here for result in found].count(True) == 1
    assert sha256(out) == sha256(tmp_path / "whole.mp4")


@pytest.mark.parametrize("workers", [part(2, 3), None], ids=["the same shard", "a plain run"])
def test_a_shard_that_was_stopped_is_resumed(workers, source, stylized, tmp_path):
    stylized(source, tmp_path / "whole.mp4")
    out = tmp_path / "b.mp4"

    def interrupt(stage, done, total):
        if stage == "stylize" and done == 5:
            raise KeyboardInterrupt

    for number in (1, 3):
        stylized(source, out, workers=part(number, 3))
    with pytest.raises(KeyboardInterrupt):
        stylized(source, out, workers=part(2, 3), progress=interrupt)
    result = stylized(source, out, workers=workers)
    assert (result.num_new, result.is_joined_here) == (4, True)
    assert sha256(out) == sha256(tmp_path / "whole.mp4")


@pytest.mark.skipif(not (find_spec("ray") and find_spec("pyarrow")), reason="needs Ray Data")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray, as it copies its own settings
@pytest.mark.slow
def test_two_workers_of_a_cluster_give_the_bytes_of_one_run(stylized, tiny_file, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    clip = write_clip(tmp_path / "a.mp4", moving_frames(300, step=1), sound=True)
    stylized(clip, tmp_path / "whole.mp4")
    seen = []
    cluster = Cluster(str(tiny_file), "cpu", None, 2)
    result = stylized(
        clip, tmp_path / "b.mp4", workers=Workers(cluster=cluster), progress=lambda *values: seen.append(values)
    )
    assert (result.num_new, seen[-1]) == (300, ("stylize", 300, 300))
    assert sha256(tmp_path / "b.mp4") == sha256(tmp_path / "whole.mp4")
