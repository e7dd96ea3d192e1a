import os
import signal
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styler.batch.ledger import latest_lines, ledger_files, ledger_lines, open_ledger
from styler.batch.plan import Job
from styler.batch.ray_engine import Worker, ray_outcomes
from styler.batch.setup import Setup
from styler.batch.shards import Shard
from styler.transfer.stylizer import Stylizer

NUM_JOBS = 32

# Not imported here: styler sets environment variables before it imports Ray.
has_ray = pytest.mark.skipif(not (find_spec("ray") and find_spec("pyarrow")), reason="needs Ray Data")


def holders(folder: Path) -> set[int]:
    """Return the other processes that have a worker's ledger open."""
    links = [link for link in Path("/proc").glob("[0-9]*/fd/*") if link.parts[2] != str(os.getpid())]
    return {int(link.parts[2]) for link in links if target(link).startswith(f"{folder}/styler-ledger-ray-")}


def target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


@has_ray
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to find the workers")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray, as it copies its own settings
@pytest.mark.slow
def test_two_workers_do_every_job_once_when_one_of_them_is_killed(tiny_file, picture_file, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    contents = [picture_file(f"c/{k}.png", 96, 128, seed=k) for k in range(8)]
    styles = [picture_file(f"s/{k}.png", seed=k) for k in range(NUM_JOBS // 8)]
    contents[3].write_bytes(b"bad")
    jobs = [Job(c, s, 1.0, Path(s.stem) / f"{c.stem}.png") for s in styles for c in contents]
    out = tmp_path / "out"
    with open_ledger(out, Shard(), jobs) as ledger:
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


def test_a_worker_returns_the_error_of_each_picture_beyond_the_size_limit(
    tiny_file, picture_file, tmp_path, monkeypatch
):
    monkeypatch.setattr("styler.batch.ray_engine.keep_freed_memory", lambda: None)
    style = picture_file("s.png")
    jobs = [Job(picture_file(f"{k}.png", seed=k), style, 1.0, Path(f"out{k}.png")) for k in range(2)]
    worker = Worker(Setup(str(tiny_file), "cpu", "float32", {"size": 10**6}, tmp_path), jobs, "styler-ledger", 1)
    rows = worker({"number": [0, 1]})
    assert sorted(rows["number"]) == [0, 1]
    assert rows["what"] == ["64×48 pixels with a longer side of 1000000 are too many"] * 2
    assert rows["todo"] == ["choose a size that gives at most 110 megapixels"] * 2
