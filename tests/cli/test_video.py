import json
import os
import signal
import time
from fractions import Fraction

import numpy as np
import pytest
import typer
from clips import HEIGHT, WIDTH, frames_of, moving_frames, packets_of, times_of, write_clip
from commands import started
from PIL import Image

from styler.batch.ledger import latest_lines
from styler.cli.video_values import parse_rate, parse_size, parse_time
from styler.files import sha256
from styler.images import Picture
from styler.video import extra


@pytest.fixture
def command(styler, tiny_file, pair):
    def run(clip, *options):
        return styler("video", clip, pair[1], "--model", tiny_file, "--dtype", "float32", "--device", "cpu", *options)

    return run


def test_a_clip_is_written_with_its_sound_and_told_of(command, tmp_path):
    source = write_clip(tmp_path / "a.mp4", sound=True)
    status, out, err = command(source)
    assert (status, out) == (0, "")
    assert "wrote a-painting.mp4 (64×48, 12 frames, 1 shot" in err
    assert packets_of(tmp_path / "a-painting.mp4", "audio") == packets_of(source, "audio")


def test_events_are_lines_of_json(command, tmp_path):
    status, out, err = command(write_clip(tmp_path / "a.mp4"), "-o", "b.mkv", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [event["event"] for event in events if event["event"] != "progress"] == ["begin", "done"]
    assert {"frames": 12, "shots": 1, "broken": 0}.items() <= events[-1].items()


def test_options_reach_the_result(command, tmp_path, pair):
    options = ["--codec", "ffv1", "--size", "32", "--start", "0.08", "--end", "0:00.4", "--steady", "0"]
    options += [
        "--style-at",
        f"0:00.2={pair[1]}",
        "--alpha-at",
        "0=0",
        "--alpha-at",
        "0.3=1",
        "--preserve-color",
        "luma",
    ]
    assert command(write_clip(tmp_path / "a.mkv"), "-o", "b.mkv", *options)[0] == 0
    frames = frames_of(tmp_path / "b.mkv")
    assert (len(frames), frames[0].width, frames[0].height) == (8, 32, 24)


def test_a_folder_of_clips_is_a_batch_that_skips_what_is_done(command, tmp_path):
    (tmp_path / "clips").mkdir()
    for seed in range(2):
        write_clip(tmp_path / "clips" / f"{seed}.mp4", moving_frames(4, seed=seed))
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"no video")
    status, _, err = command(tmp_path / "clips", "-o", "out")
    assert status == 3
    assert "failed: can't read" in err
    assert {path.name for path in (tmp_path / "out").glob("*.mp4")} == {"0-painting.mp4", "1-painting.mp4"}
    done = latest_lines(tmp_path / "out", "done")
    assert done["0-painting.mp4"]["output"] == sha256(tmp_path / "out" / "0-painting.mp4")
    status, out, _ = command(tmp_path / "clips", "-o", "out", "--json")
    skipped = [json.loads(line)["out"] for line in out.splitlines() if json.loads(line)["event"] == "skipped"]
    assert (status, skipped) == (3, ["0-painting.mp4", "1-painting.mp4"])


@pytest.fixture
def plain_pictures(tmp_path):
    """A red and a blue style, and a mask whose left half is white."""
    chance = np.random.default_rng(0)
    for name, channel in (("red.png", 0), ("blue.png", 2)):
        array = chance.integers(0, 60, (64, 64, 3), np.uint8)
        array[..., channel] += 150
        Picture.of(array).save(tmp_path / name)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    return mask


def redness(path):
    """Return how much redder than blue the left and the right half of each frame is."""
    found = []
    for frame in frames_of(path):
        red, _, blue = np.moveaxis(frame.to_ndarray(format="rgb24").astype(float), -1, 0)
        found.append([(red - blue)[:, half].mean() for half in (slice(24), slice(40, None))])
    return np.array(found)


@pytest.mark.parametrize("kind", ["picture", "video"])
def test_a_mask_gives_its_white_areas_the_style_of_the_same_place(kind, styler, plain_pictures, tmp_path):
    clip, mask = write_clip(tmp_path / "a.mp4", moving_frames(6)), tmp_path / "mask.png"
    if kind == "picture":
        Image.fromarray(plain_pictures).save(mask)
    else:  # the white half goes from the left to the right
        halves = [plain_pictures if k < 3 else plain_pictures[:, ::-1] for k in range(6)]
        mask = write_clip(tmp_path / "mask.mkv", [np.stack([one] * 3, -1) for one in halves], codec="ffv1")
    options = ["--mask", mask, "--style", "red.png", "--model", "small", "--device", "cpu", "-o", "b.mp4"]
    status, _, err = styler("video", clip, "blue.png", *options)
    assert (status, "wrote b.mp4" in err) == (0, True)
    left, right = redness(tmp_path / "b.mp4").T
    if kind == "video":
        assert left[-1] < -20 < 20 < right[-1]
    assert right[0] < -20 < 20 < left[0]


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=lambda one: one.name)
@pytest.mark.slow
def test_a_run_that_is_ended_leaves_no_half_file_and_is_gone_on_with(end, command, tiny_file, pair, tmp_path):
    source = write_clip(tmp_path / "a.mp4", moving_frames(150, step=1), sound=True)
    options = ["--model", tiny_file, "--device", "cpu", "--dtype", "float32"]
    whole, out = tmp_path / "whole.mp4", tmp_path / "b.mp4"
    assert command(source, "-o", whole)[0] == 0
    process = started("video", source, pair[1], *options, "-o", out)
    work = tmp_path / ".b.mp4.styler-video"
    while process.poll() is None and not (work / "00000.segment").exists():
        time.sleep(0.01)
    process.send_signal(end)
    process.wait()
    assert not out.exists()
    assert command(source, "-o", out)[0] == 0
    assert sha256(out) == sha256(whole)
    assert not work.exists()
    assert times_of(out) == times_of(source)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--raw", "64x48"], "raw frames need all of"),
        (["--start", "soon"], "--start: expected a time"),
        (["--fps", "0"], "--fps: expected a rate"),
        (["--style-at", "b.jpg"], "--style-at: expected TIME=VALUE"),
        (["--alpha-at", "0:01=2"], "--alpha-at: expected a strength"),
        (["--mask", "m.png"], "each mask needs its style"),
        (["--weights", "1,2"], "2 --weights for 1 styles"),
    ],
)
def test_wrong_options_are_usage_errors(options, words, command, tmp_path):
    status, _, err = command(write_clip(tmp_path / "a.mp4"), *options)
    assert (status, words in err) == (2, True)


def test_missing_packages_are_named_with_the_extra(command, tmp_path, monkeypatch):
    monkeypatch.setattr(extra, "PACKAGES", {"av": "PyAV", "no_such_package": "OpenCV"})
    status, _, err = command(tmp_path / "a.mp4")
    assert (status, err) == (1, "error: styler video needs OpenCV\npip install 'styler[video]'\n")


@pytest.mark.parametrize(
    ("text", "seconds"), [("5", 5), ("2.5", Fraction(5, 2)), ("0:05", 5), ("1:02:03.25", Fraction(14893, 4))]
)
def test_times_are_seconds_or_clock_times(text, seconds):
    assert parse_time(text, "--start") == seconds


def test_rates_and_sizes():
    assert parse_rate("30000/1001") == Fraction(30000, 1001)
    assert parse_size("1280x720") == (720, 1280)
    for parse, text in ((parse_rate, "1/0"), (parse_size, "0x9"), (parse_size, "big")):
        with pytest.raises(typer.BadParameter):
            parse(text)
