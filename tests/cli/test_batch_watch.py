import signal
import subprocess
import sys
import time

import pytest
from commands import started
from typer.testing import CliRunner

from styler.cli import app

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


def appears(path, *, seconds=60):
    deadline = time.monotonic() + seconds
    while not path.is_file():
        assert time.monotonic() < deadline, path
        time.sleep(0.05)


@pytest.mark.slow
def test_new_pictures_are_made_as_they_come_and_an_interrupt_ends_it(folder, picture_file, tiny_file, tmp_path):
    folder("c", 1)
    picture_file("s.png", seed=9)
    options = ["--model", tiny_file, "--device", "cpu", "--watch"]
    command = ["batch", tmp_path / "c", tmp_path / "s.png", "-o", tmp_path / "out", *options]
    with started(*command, stderr=subprocess.PIPE) as process:
        try:
            appears(tmp_path / "out" / "0-s.png")
            data = picture_file("other.png", 40, 48, seed=5).read_bytes()
            (tmp_path / "c" / "deep").mkdir()
            with (tmp_path / "c" / "deep" / "new.png").open("wb") as slow:
                for start in range(0, len(data), 1 + len(data) // 4):  # as a slow copy comes
                    slow.write(data[start : start + 1 + len(data) // 4])
                    slow.flush()
                    time.sleep(0.3)
            appears(tmp_path / "out" / "deep" / "new-s.png")
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
            text = process.stderr.read()
        finally:
            process.kill()
    assert "watching" in text
    assert "the watch has ended" in text
    assert "failed" not in text


@pytest.mark.parametrize("options", [["--engine", "ray"], ["--dry-run"]])
def test_what_cannot_be_watched_is_a_usage_error(folder, picture_file, tmp_path, options):
    folder("c", 1)
    place = [str(tmp_path / "c"), str(picture_file("s.png")), "-o", str(tmp_path / "out"), "--watch"]
    assert CliRunner().invoke(app, ["batch", *place, *options]).exit_code == 2


def test_a_picture_is_no_folder_to_watch(picture_file, tmp_path):
    place = [str(picture_file("a.png")), str(picture_file("s.png")), "-o", str(tmp_path / "out"), "--watch"]
    result = CliRunner().invoke(app, ["batch", *place])
    assert result.exit_code == 2
    assert "for folders" in result.output
