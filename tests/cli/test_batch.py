import json
import os
import signal
import subprocess

import numpy as np
import pytest
from commands import started
from PIL import Image

from styler.images import Picture

CHEAP = ["--device", "cpu", "--dtype", "float32"]


@pytest.fixture
def batch(styler, folder, picture_file, tiny_file, tmp_path):
    """Return a function that runs `styler batch` on three contents, one style and the tiny model."""
    folder("c", 3)
    picture_file("s/x.png", seed=9)
    return lambda *arguments: styler("batch", *arguments, "--model", tiny_file, *CHEAP)


def events(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_folder_is_stylized_and_then_there_is_nothing_to_do(batch, tmp_path):
    status, out, err = batch("c", "s", "-o", "out", "--format", "jpg", "--size", 32, "--name", "{style}/{content}")
    assert (status, out) == (0, ""), err
    assert "3 pictures to stylize" in err
    assert "3 done" in err
    assert Picture.open(tmp_path / "out" / "x" / "0.jpg").image.shape == (1, 3, 27, 32)
    again = batch("c", "s", "-o", "out", "--format", "jpg", "--size", 32, "--name", "{style}/{content}")
    assert (again[0], "0 pictures to stylize, 3 done before" in again[2]) == (0, True)


def test_a_bad_picture_is_status_3_and_listed_in_one_line(batch, tmp_path):
    (tmp_path / "c" / "1.png").write_bytes(b"bad")
    status, _, err = batch("c", "s", "-o", "out", "--quiet")
    assert status == 3
    (line,) = err.splitlines()
    assert "c/1.png is no picture" in line
    assert len(list((tmp_path / "out").glob("*.png"))) == 2
    assert batch("c", "s", "-o", "out2", "--quiet", "--fail-fast")[0] == 3


def test_actors_on_any_device_take_the_model_that_the_ledger_is_compared_with(batch, styler, monkeypatch):
    setups = []
    monkeypatch.setattr("styler.batch.ray_engine.ray_outcomes", lambda jobs, setup, **_: setups.append(setup) or [])
    assert styler("batch", "c", "s", "-o", "out", "--engine", "ray", *CHEAP)[0] == 0
    assert batch("c", "s", "-o", "out", "--engine", "ray")[0] == 0
    assert [setup.model.rpartition("/")[2] for setup in setups] == ["small", "tiny.safetensors"]


def test_events_tell_all_of_it(batch, tmp_path):
    (tmp_path / "c" / "1.png").write_bytes(b"bad")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "2-x.png").touch()
    status, out, err = batch("c", "s", "-o", "out", "--json")
    told = events(out)
    assert (status, err) == (3, "")
    assert (told[0]["event"], told[0]["left"]) == ("planned", 2)
    assert (told[1]["event"], told[1]["out"]) == ("skipped", "2-x.png")
    assert sorted(event["event"] for event in told[2:-1]) == ["done", "failed"]
    assert "1.png" in next(event for event in told if event["event"] == "failed")["error"]
    assert {"event": "summary", "done": 1, "failed": 1, "skipped": 1, "left": 0}.items() <= told[-1].items()


def test_a_dry_run_says_what_would_be_done_and_touches_nothing(batch, tmp_path):
    status, out, err = batch("c", "s", "-o", "out", "--dry-run", "--alpha", 0.5)
    assert status == 0
    assert len(out.splitlines()) == 3
    assert out.startswith("0-x.png: c/0.png with style s/x.png, alpha 0.5")
    assert "MiB" in err
    assert not (tmp_path / "out").exists()
    estimate = events(batch("c", "s", "-o", "out", "--dry-run", "--json")[1])[-1]
    assert (estimate["pictures"], estimate["megapixels"]) == (3, pytest.approx(3 * 40 * 48 / 1e6, abs=0.01))


def test_shards_together_do_all_and_the_merged_report_says_so(batch, styler, tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert batch("c", "s", "-o", "out")[0] == 0
    status, _, err = styler("batch", "--merge", "out")
    assert (status, "no ledger for part 2/2" in err) == (3, True)
    assert batch("c", "s", "-o", "out", "--shard", "2/2")[0] == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
    status, out, _ = styler("batch", "--merge", "out", "--json")
    assert status == 0
    assert {"event": "report", "planned": 3, "done": 3, "failed": 0}.items() <= events(out)[-1].items()


def test_a_manifest_is_a_plan_of_its_own(batch, tmp_path):
    (tmp_path / "m.csv").write_text(
        "content,style,alpha,out\nc/0.png,s/x.png,0.2,weak\nc/0.png,s/x.png,1,deep/strong.jpg\n"
    )
    assert batch("m.csv", "-o", "out")[0] == 0
    assert (
        Picture.open(tmp_path / "out" / "weak.png").image.shape
        == Picture.open(tmp_path / "out/deep/strong.jpg").image.shape
    )


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        ([], 2, "CONTENTS"),
        (["c", "s"], 2, "--out"),
        (["c", "s", "-o", "out", "--alpha", 2], 2, "alpha"),
        (["c", "s", "-o", "out", "--levels", "relu9_9"], 2, "relu9_9"),
        (["c", "s", "-o", "out", "--format", "gif"], 2, "gif"),
        (["c", "s", "-o", "c"], 1, "would be written among"),
        (["c", "s", "-o", "out", "--shard", "3/2"], 1, "3/2"),
        (["empty", "s", "-o", "out"], 1, "no pictures in empty"),
        (["c", "s", "-o", "c/0.png/out"], 1, "cannot write"),
        (["--merge", "c"], 1, "no ledger"),
        (["c", "s", "-o", "out", "--workers", 2], 2, "--engine ray"),
        (["c", "s", "-o", "out", "--address", "x"], 2, "--engine ray"),
        (["c", "s", "-o", "out", "--weights", "1,1"], 2, "2 --weights for 1 styles"),
        (["c", "s", "-o", "out", "--mask", "s/x.png"], 2, "each mask needs its style"),
        (["c", "s", "-o", "out", "--keep", "none.png"], 2, "none.png"),
        (["c", "s", "-o", "out", "--max-memory", "1K"], 2, "--max-memory"),
        (["c", "s", "-o", "out", "--levels", "relu4_1", "--alpha", "relu1_1=1"], 2, "not among"),
    ],
)
def test_wrong_usage_and_hopeless_runs_say_why_and_leave_nothing(batch, tmp_path, arguments, status, word):
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    ended, out, err = batch(*arguments)
    assert (ended, out) == (status, "")
    assert word in err
    assert sorted(tmp_path.rglob("*")) == before


def test_many_contents_and_the_last_is_the_style(batch, tmp_path):
    contents = ["c/0.png", "c/1.png", "s/x.png"]
    status, _, err = batch(*contents, "s/x.png", "-o", "out")
    assert (status, "the style itself (1): s/x.png" in err) == (0, True)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["0-x.png", "1-x.png"]


def test_styles_masks_and_strengths_by_level_are_as_in_a_transfer(batch, styler, picture_file, tiny_file, tmp_path):
    picture_file("y.png", seed=4)
    half = np.zeros((40, 48), np.uint8)
    half[:, :20] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    cases = {
        "mixed": (["--weights", "3,1"], ["s/x.png", "y.png"], True),
        "kept": (["--keep", "half.png", "--alpha", "relu4_1=0.5,relu1_1=0.2"], ["s/x.png"], False),
        "masked": (["--mask", "half.png", "--style", "y.png"], ["s/x.png"], False),
    }
    for name, (options, styles, named) in cases.items():
        given = [word for style in styles for word in ("--style", style)] if named else styles
        assert batch("c/0.png", "c/1.png", *given, *options, "-o", name, "--name", "{content}")[0] == 0
        for number in (0, 1):
            alone = ["--out", f"{name}{number}.png", "--model", tiny_file, *CHEAP]
            assert styler("transfer", f"c/{number}.png", *styles, *options, *alone)[0] == 0
            one, two = (
                np.asarray(Image.open(tmp_path / path), int) for path in (f"{name}/{number}.png", f"{name}{number}.png")
            )
            assert np.abs(one - two).max() <= 1, name
    Image.fromarray(255 - half).save(tmp_path / "half.png")
    again = batch("c/0.png", "c/1.png", "s/x.png", *cases["kept"][0], "-o", "kept", "--name", "{content}")
    assert "2 made with other settings or inputs" in again[2]


def test_several_styles_are_given_by_name(batch, picture_file, tmp_path):
    picture_file("y.png", seed=4)
    assert batch("c", "--style", "s", "--style", "y.png", "-o", "out")[0] == 0
    assert len(list((tmp_path / "out").glob("*-x.png"))) == len(list((tmp_path / "out").glob("*-y.png"))) == 3


def test_fail_fast_says_how_many_are_left(batch, tmp_path):
    (tmp_path / "s" / "x.png").write_bytes(b"bad")
    status, out, _ = batch("c", "s", "-o", "out", "--fail-fast", "--json")
    assert status == 3
    assert {"done": 0, "failed": 1, "left": 2}.items() <= events(out)[-1].items()
    assert "0 done, 1 failed, 2 left" in batch("c", "s", "-o", "out", "--fail-fast")[2]


def test_what_was_passed_over_is_counted_and_listed(batch, tmp_path):
    for name in ("raw.nef", "notes.txt"):
        (tmp_path / "c" / name).touch()
    assert "no pictures that styler reads (2): c/notes.txt, c/raw.nef" in batch("c", "s", "-o", "out")[2]
    event = events(batch("c", "s", "-o", "out", "--json")[1])[0]
    assert (event["event"], event["paths"]) == ("passed over", ["c/notes.txt", "c/raw.nef"])


def test_a_changed_result_is_reported_and_made_again(batch, styler, tmp_path):
    batch("c", "s", "-o", "out")
    path = tmp_path / "out" / "0-x.png"
    whole = path.read_bytes()
    for data, options in ((b"", []), (whole[:-1] + b"?", ["--verify"])):
        path.write_bytes(data)
        status, _, err = styler("batch", "--merge", "out", *options)
        assert (status, "changed: 0-x.png" in err) == (3, True)
        assert "1 changed since they were made" in batch("c", "s", "-o", "out", *options)[2]
        assert path.read_bytes() == whole


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.slow
def test_an_interrupt_is_status_130_and_the_same_command_goes_on(batch, folder, tmp_path):
    folder("many", 30)
    arguments = ["many", "s", "-o", "out", "--size", 300, "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started("batch", *arguments, "--model", "tiny.safetensors", *CHEAP, cwd=tmp_path, **pipes) as process:
        assert [json.loads(process.stdout.readline())["event"] for _ in range(2)] == ["planned", "done"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert events(out)[-1]["event"] == "interrupted"
    done = len(list((tmp_path / "out").glob("*.png")))
    assert 1 <= done < 30
    status, out, _ = batch(*arguments)
    assert (status, events(out)[0]["skipped"], events(out)[-1]["done"]) == (0, done, 30 - done)
