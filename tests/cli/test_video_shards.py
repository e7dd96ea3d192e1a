import os
import signal
import time

import pytest
from clips import moving_frames, write_clip
from commands import started

from styler.batch.report import report_on
from styler.files import sha256
from styler.video import plan


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.slow
def test_a_killed_shard_is_resumed_by_another_run(styler, tiny_file, pair, tmp_path):
    clip = write_clip(tmp_path / "a.mp4", moving_frames(300, step=1))
    options = ["--model", tiny_file, "--device", "cpu", "--dtype", "float32"]
    assert styler("video", clip, pair[1], "-o", "whole.mp4", *options)[0] == 0
    process = started("video", clip, pair[1], "-o", tmp_path / "b.mp4", *options, "--shard", "2/2")
    while process.poll() is None and not list(tmp_path.glob(".b.mp4.*/0000[2-3].segment")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    status, _, err = styler("video", clip, pair[1], "-o", "b.mp4", *options, "--shard", "1/2")
    assert status == 0
    assert "left to the other shards" in err
    assert not (tmp_path / "b.mp4").exists()
    assert styler("video", clip, pair[1], "-o", "b.mp4", *options, "--shard", "2/2")[0] == 0
    assert sha256(tmp_path / "b.mp4") == sha256(tmp_path / "whole.mp4")


def test_shards_of_a_folder_make_every_clip_once(styler, tiny_file, pair, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "SEGMENT_FRAMES", 4)
    (tmp_path / "clips").mkdir()
    for seed, count in enumerate((4, 12, 9)):  # the first has one segment
        write_clip(tmp_path / "clips" / f"{seed}.mp4", moving_frames(count, seed=seed, step=1))
    command = ["video", tmp_path / "clips", pair[1], "--model", tiny_file, "--device", "cpu", "--dtype", "float32"]
    assert styler(*command, "-o", "whole")[0] == 0
    for number in (1, 2):
        assert styler(*command, "-o", "out", "--shard", f"{number}/2")[0] == 0
    for name in ("0-painting.mp4", "1-painting.mp4", "2-painting.mp4"):
        assert sha256(tmp_path / "out" / name) == sha256(tmp_path / "whole" / name)
    report = report_on(tmp_path / "out")
    assert report.is_whole
    assert (report.planned, len(report.done)) == (3, 3)


def test_addresses_are_for_ray_and_shards_have_numbers(styler, pair, tmp_path):
    clip = write_clip(tmp_path / "a.mp4")
    status, _, err = styler("video", clip, pair[1], "--workers", 2)
    assert (status, "are for --engine ray" in err) == (2, True)
    status, _, err = styler("video", clip, pair[1], "--shard", "3/2")
    assert (status, "expected a shard I/N" in err) == (1, True)
