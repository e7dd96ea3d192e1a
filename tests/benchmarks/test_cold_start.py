import pytest
from PIL import Image
from typer.testing import CliRunner

from styler.benchmarks import cold_start as module
from styler.benchmarks.cold_start import cold_start, process_seconds
from styler.cli import app


def test_medians_leave_out_the_first_round_and_take_turns(monkeypatch, tmp_path):
    seconds, asked = iter([50, 60, 3, 2, 9, 1, 4, 5]), []

    def taken(arguments):
        asked.append(arguments[:2])
        return next(seconds)

    monkeypatch.setattr(module, "process_seconds", taken)
    found = cold_start(tmp_path / "a.png", tmp_path / "b.png", rounds=3)
    assert (found.transfer, found.torch, found.ratio) == (4, 2, 2)
    assert asked == 4 * [["-m", "styler"], ["-c", "import torch"]]


def test_the_command_that_is_timed_writes_a_picture(monkeypatch, picture_file, tiny_file):
    sizes = []

    def run(arguments):
        if arguments[0] == "-m":
            result = CliRunner().invoke(app, arguments[2:])
            assert result.exit_code == 0, result.output
            with Image.open(arguments[arguments.index("--out") + 1]) as image:
                sizes.append(image.size)
        return 1.0

    monkeypatch.setattr(module, "process_seconds", run)
    pictures = picture_file("photo.png"), picture_file("style.png", seed=1)
    cold_start(*pictures, options=["--model", str(tiny_file), "--device", "cpu", "--dtype", "float32"], rounds=1)
    assert sizes == 2 * [(64, 48)]


def test_a_process_is_timed_and_its_failure_is_an_error():
    assert 0 < process_seconds(["-c", "pass"]) < 60
    with pytest.raises(module.subprocess.CalledProcessError):
        process_seconds(["-c", "import sys; sys.exit(3)"])
