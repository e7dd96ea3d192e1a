import os
import signal
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styler.batch.ledger import latest_lines, ledger_files, ledger_lines, opened_ledger
from styler.batch.plan import Job
from styler.batch.shards import Shard
from styler.errors import StylerError
from styler.transfer.stylizer import Stylizer

NUM_JOBS = 32

# Not imported to find out: styler tells Ray what it has to know before that.
has_ray = pytest.mark.skipif(not (find_spec("ray") and find_spec("pyarrow")), reason="needs Ray Data")


def holders(folder: Path) -> set[int]:
    """Return the processes that have a worker's ledger open, but this one."""
    links = [link for link in Path("/proc").glob("[0-9]*/fd/*") if link.parts[2] != str(os.getpid())]
    return {int(link.parts[2]) for link in links if target(link).startswith(f"{folder}/styler-ledger-ray-")}


def target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


@has_ray
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="finds the workers in /proc")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray, as it copies its own settings
def test_two_workers_do_all_the_work_once_though_one_is_killed(tiny_file, picture_file, tmp_path, monkeypatch):
    from styler.batch.ray_engine import ray_outcomes
    from styler.batch.setup import Setup

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    contents = [picture_file(f"c/{k}.png", 96, 128, seed=k) for k in range(8)]
    styles = [picture_file(f"s/{k}.png", seed=k) for k in range(NUM_JOBS // 8)]
    contents[3].write_bytes(b"bad")
    jobs = [Job(c, s, 1.0, Path(s.stem) / f"{c.stem}.png") for s in styles for c in contents]
    out = tmp_path / "out"
    with opened_ledger(out, Shard(), jobs) as ledger:
        setup = Setup(str(tiny_file), "cpu", "float32", {}, out)
        outcomes = ray_outcomes(jobs, setup, ledger=ledger.path.stem, num_workers=2)
        ended = [next(outcomes)]
        os.kill(min(holders(out)), signal.SIGKILL)
        left = NUM_JOBS - len(latest_lines(out, "done", "failed"))
        ended += outcomes
    assert left > 0
    assert sorted(outcome.job.key for outcome in ended) == sorted(job.key for job in jobs)
    bad = {job.key for job in jobs if job.content == contents[3]}
    assert {outcome.job.key for outcome in ended if outcome.error} == bad
    done = [line["out"] for path in ledger_files(out) for line in ledger_lines(path) if line["outcome"] == "done"]
    assert sorted(done) == sorted({job.key for job in jobs} - bad)
    stylizer = Stylizer(tiny_file, device="cpu", dtype="float32")
    for job in jobs:
        if job.key not in bad:
            alone = stylizer.stylize(job.content, job.style).array().astype(int)
            assert np.abs(np.asarray(Image.open(out / job.out), dtype=int) - alone).max() <= 1


def test_without_ray_the_engine_says_how_to_get_it(monkeypatch):
    from styler.batch import ray_engine

    monkeypatch.setattr(ray_engine, "find_spec", lambda name: None)
    with pytest.raises(StylerError, match="needs Ray") as caught:
        ray_engine.connected_ray(None)
    assert "styler[ray]" in caught.value.todo


@has_ray
def test_a_cluster_that_does_not_answer_is_an_error():
    from styler.batch.ray_engine import connected_ray

    with pytest.raises(StylerError, match=r"no Ray at 127\.0\.0\.1:1"):
        connected_ray("127.0.0.1:1")
