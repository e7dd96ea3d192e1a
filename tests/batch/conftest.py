"""Fixtures: jobs, and a function that does the remaining ones."""

from pathlib import Path

import pytest

from styler.batch.ledger import open_ledger
from styler.batch.pictures import BatchStylizer
from styler.batch.pipeline import Pipeline
from styler.batch.plan import Job
from styler.batch.resuming import remaining_jobs
from styler.batch.shards import Shard
from styler.transfer.stylizer import Stylizer


@pytest.fixture
def stylizer(tiny_file):
    return Stylizer(tiny_file, device="cpu", dtype="float32")


@pytest.fixture
def jobs(picture_file):
    """Return jobs for six contents of two sizes in two styles, grouped by style."""
    contents = [picture_file(f"c/{k}.png", 40, 40 + 16 * (k % 2), seed=k) for k in range(6)]
    styles = [picture_file(f"s/{name}.png", 50, 60, seed=seed) for name, seed in (("x", 7), ("y", 8))]
    return [Job(c, s, 1.0, Path(s.stem) / f"{c.stem}.png") for s in styles for c in contents]


@pytest.fixture
def run(stylizer, tmp_path):
    """Return a function that does the remaining jobs."""

    def run(jobs, *, overwrite=False, verify=False, settings=None, **options):
        batch_stylizer = BatchStylizer(stylizer, settings or {}, tmp_path / "out", overwrite=overwrite, verify=verify)
        with open_ledger(batch_stylizer.folder, Shard(), jobs) as ledger:
            found = remaining_jobs(jobs, batch_stylizer)
            return found, list(Pipeline(batch_stylizer, ledger, **options).outcomes(found.left))

    return run
