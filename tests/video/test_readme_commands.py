"""The video commands that README and docs/video.md show, run on small clips."""

import re
import shlex
from fractions import Fraction
from pathlib import Path

import pytest
from clips import frames_of, moving_frames, write_clip
from typer.testing import CliRunner

from styler.cli import app

ROOT = Path(__file__).parents[2]
COMMANDS = [
    line.split("  #")[0].strip()
    for page in ("README.md", "docs/video.md")
    for line in re.findall(r"^    (styler video .*)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    if "--shard" not in line  # of which none writes a video by itself: tests/cli/test_video_shards.py
]


def test_the_pages_show_commands():
    assert len(COMMANDS) >= 4


@pytest.fixture
def place(picture_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("painting.jpg", "a.jpg", "b.jpg", "paintings/a.jpg")):
        picture_file(name, 48, 48, seed=seed)
    for name in ("clip.mp4", "clip.mov", "clips/clip.mp4"):
        Path(name).parent.mkdir(exist_ok=True)
        seconds = {"time_base": Fraction(1, 1000), "times": [2000 * k for k in range(11)]}
        write_clip(tmp_path / name, moving_frames(11), **seconds)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_shown_writes_a_video(command, place):
    words = ["64" if word == "1280" else word for word in shlex.split(command)[1:]]
    before = set(place.rglob("*.mp4"))
    result = CliRunner().invoke(app, [*words, "--device", "cpu"])
    assert result.exit_code == 0, result.output + str(result.exception)
    (written,) = set(place.rglob("*.mp4")) - before
    assert len(frames_of(written)) >= 4
