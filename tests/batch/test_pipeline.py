import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from styler.batch import pipeline
from styler.batch.budget import PixelBudget
from styler.batch.ledger import latest_lines, opened_ledger
from styler.batch.pictures import Studio
from styler.batch.pipeline import Pipeline
from styler.batch.plan import Job
from styler.batch.shards import Shard
from styler.errors import StylerError
from styler.files import sha256
from styler.images import Picture


def pixels(path):
    return np.asarray(Image.open(path), dtype=int)


def test_a_batch_makes_what_one_by_one_makes(run, jobs, stylizer, tmp_path):
    _, outcomes = run(jobs, num_threads=3)
    assert sorted(outcome.job.key for outcome in outcomes) == sorted(job.key for job in jobs)
    assert not any(outcome.error for outcome in outcomes)
    for job in jobs:
        alone = stylizer.stylize(job.content, job.style).array().astype(int)
        assert np.abs(pixels(tmp_path / "out" / job.out) - alone).max() <= 1


def test_pictures_of_one_likeness_go_together_and_a_style_is_encoded_once(run, jobs, stylizer, monkeypatch):
    encoded, batches = [], []
    style, stylize = stylizer.style, stylizer.stylize
    monkeypatch.setattr(
        stylizer, "style", lambda x, **kw: (isinstance(x, Path) and encoded.append(x), style(x, **kw))[1]
    )
    monkeypatch.setattr(
        stylizer, "stylize", lambda x, *args, **kw: (batches.append(len(x)), stylize(x, *args, **kw))[1]
    )
    run(jobs, settings={"size": 32, "style_size": 32})
    assert sorted(path.name for path in encoded) == ["x.png", "y.png"]
    assert sum(batches) == len(jobs)
    assert len(batches) < len(jobs)


def test_every_setting_reaches_the_picture_and_the_ledger(run, jobs, stylizer, tmp_path):
    job = Job(jobs[0].content, jobs[0].style, 0.4, Path("a.png"))
    run([job], settings={"size": 30, "levels": ["relu1_1"]})
    expected = stylizer.stylize(job.content, job.style, alpha=0.4, size=30, levels=["relu1_1"])
    assert np.abs(pixels(tmp_path / "out" / "a.png") - expected.array().astype(int)).max() <= 1
    line = latest_lines(tmp_path / "out", "done")["a.png"]
    assert line["settings"] == {"size": 30, "levels": ["relu1_1"], "alpha": 0.4}
    assert line["output"] == sha256(tmp_path / "out" / "a.png")
    assert line["content"]["sha256"] == sha256(job.content)
    assert line["seconds"] > 0


def test_transparency_goes_along(run, jobs, tmp_path):
    picture = Image.open(jobs[0].content).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(jobs[0].content)
    run(jobs[:1])
    alpha = Picture.open(tmp_path / "out" / jobs[0].out).alpha
    np.testing.assert_array_equal(alpha, Picture.open(jobs[0].content).alpha)


def test_a_bad_picture_fails_alone(run, jobs, tmp_path):
    jobs[2].content.write_bytes(b"bad")
    jobs[0].style.unlink()
    _, outcomes = run(jobs)
    failed = {outcome.job.key: outcome.error.what for outcome in outcomes if outcome.error}
    assert set(failed) == {job.key for job in jobs if job.style == jobs[0].style or job.content == jobs[2].content}
    assert "2.png" in failed["y/2.png"]
    assert {path.name for path in (tmp_path / "out" / "y").iterdir()} == {f"{k}.png" for k in (0, 1, 3, 4, 5)}
    assert latest_lines(tmp_path / "out", "failed").keys() == failed.keys()


def test_fail_fast_begins_nothing_new(run, jobs, monkeypatch):
    monkeypatch.setattr(pipeline, "NUM_AHEAD", 1)
    jobs[1].content.write_bytes(b"bad")
    _, outcomes = run(jobs, fail_fast=True)
    assert [outcome.error is None for outcome in outcomes].count(False) == 1
    assert len(outcomes) <= 2


def test_one_disk_that_is_full_ends_the_run(run, jobs, monkeypatch):
    def full(ledger, line):
        if line["outcome"] != "planned":
            raise StylerError("cannot write", "free some space")

    monkeypatch.setattr("styler.batch.ledger.Ledger.append", full)
    with pytest.raises(StylerError, match="cannot write"):
        run(jobs)


def test_few_pixels_are_in_memory_at_a_time(run, jobs, monkeypatch):
    held, most = [0], [0]
    lock, take, give = threading.Lock(), PixelBudget.take, PixelBudget.give

    def count(amount):
        with lock:
            held[0] += amount
            most[0] = max(most[0], held[0])

    monkeypatch.setattr(PixelBudget, "take", lambda self, n: (take(self, n), count(n)))
    monkeypatch.setattr(PixelBudget, "give", lambda self, n: (count(-n), give(self, n)))
    monkeypatch.setattr(pipeline, "PixelBudget", lambda: PixelBudget(5000))
    _, outcomes = run(jobs, num_threads=4)
    assert len(outcomes) == len(jobs)
    assert 0 < most[0] <= 5000
    assert held[0] == 0


def test_a_picture_above_the_budget_goes_alone():
    budget, passed = PixelBudget(10), threading.Event()
    budget.take(100)
    waiting = threading.Thread(target=lambda: (budget.take(1), passed.set()))
    waiting.start()
    assert not passed.is_set()
    budget.give(100)
    waiting.join(10)
    assert passed.is_set()


def test_an_interrupt_ends_what_is_being_written_and_nothing_else(stylizer, jobs, tmp_path):
    studio = Studio(stylizer, {}, tmp_path / "out")
    with opened_ledger(studio.folder, Shard(), jobs) as ledger:
        outcomes = Pipeline(studio, ledger).outcomes(jobs)
        next(outcomes)
        outcomes.close()
    done = latest_lines(tmp_path / "out", "writing", "done")
    assert 1 <= len(done) <= len(jobs)
    assert {line["outcome"] for line in done.values()} == {"done"}
    assert {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")} == done.keys()
