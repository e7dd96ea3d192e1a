import subprocess
import sys
from dataclasses import replace

import pytest

from styler.__main__ import main
from styler.batch.finished import finished_jobs
from styler.batch.plan import Job
from styler.batch.setup import Setup


@pytest.fixture
def setup(tiny_file, tmp_path):
    return Setup(str(tiny_file), "auto", "auto", {}, tmp_path / "out", verify=True)


def test_finished_jobs_are_known_without_the_model(run, jobs, setup):
    run(jobs[:3])
    found = finished_jobs(jobs[:3], setup)
    assert (found.left, set(found.skipped.values())) == ([], {"done before"})
    assert set(found.skipped) == set(jobs[:3])


@pytest.mark.parametrize(
    "change", ["one more", "settings", "alpha", "content", "style", "result", "model", "overwrite"]
)
def test_the_model_is_loaded_if_anything_is_different(run, jobs, setup, picture_file, tmp_path, change):
    todo = jobs[:2]
    run(todo)
    if change == "one more":
        todo = jobs[:3]
    if change == "alpha":
        todo = [Job(job.content, job.style, 0.3, job.out) for job in todo]
    if change in ("content", "style"):
        getattr(todo[0], change).write_bytes(picture_file("new.png", seed=9).read_bytes())
    if change == "result":
        (tmp_path / "out" / todo[1].out).write_bytes(b"")
    others = {"settings": {"size": 20}, "overwrite": True, "model": "small"}
    if change in others:
        setup = replace(setup, **{change: others[change]})
    assert finished_jobs(todo, setup) is None


def test_the_command_answers_without_torch(picture_file, tiny_file, tmp_path, monkeypatch):
    photo, style = picture_file("a.png"), picture_file("b.png", seed=1)
    words = ["styler", "batch", photo, style, "-o", tmp_path / "made", "--model", tiny_file, "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", list(map(str, words)))
    with pytest.raises(SystemExit):
        main()
    code = f"import sys; from styler.__main__ import main; sys.argv = {list(map(str, words))!r}\n"
    code += "try:\n    main()\nexcept SystemExit:\n    pass\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "1 done before" in done.stderr
    assert done.stdout == "False\n"
