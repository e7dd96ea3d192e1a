import os
import threading
from dataclasses import replace
from pathlib import Path
from queue import Queue
from threading import Event

import numpy as np
import pytest
import torch
from PIL import Image

from styler.batch import pipeline
from styler.batch.budget import PixelBudget
from styler.batch.estimate import batch_estimate
from styler.batch.ledger import latest_lines, open_ledger
from styler.batch.pictures import BatchStylizer
from styler.batch.pipeline import Pipeline
from styler.batch.plan import Job
from styler.batch.shards import Shard
from styler.errors import StylerError
from styler.files import sha256
from styler.images import Picture


def pixels(path):
    return np.asarray(Image.open(path), dtype=int)


def test_a_batch_gives_the_same_pictures_as_single_transfers(run, jobs, stylizer, tmp_path):
    _, outcomes = run(jobs, num_threads=3)
    assert sorted(outcome.job.key for outcome in outcomes) == sorted(job.key for job in jobs)
    assert not any(outcome.error for outcome in outcomes)
    for job in jobs:
        alone = stylizer.stylize(job.content, job.style).array().astype(int)
        assert np.abs(pixels(tmp_path / "out" / job.out) - alone).max() <= 1


def test_pictures_with_one_batch_key_are_stylized_together_and_a_style_is_encoded_once(
    run, jobs, stylizer, monkeypatch
):
    encoded, batches = [], []
    style, stylize = stylizer.style, stylizer.stylize
    monkeypatch.setattr(
        stylizer, "style", lambda x, **kw: (isinstance(x, Path) and encoded.append(x), style(x, **kw))[1]
    )
    monkeypatch.setattr(
        stylizer, "stylize", lambda x, *args, **kw: (batches.append(len(x)), stylize(x, *args, **kw))[1]
    )
    run(jobs, settings={"size": 32, "style_size": 32}, num_threads=1)  # one reader keeps the order of styles
    assert sorted(path.name for path in encoded) == ["x.png", "y.png"]
    assert sum(batches) == len(jobs)
    assert len(batches) < len(jobs)


def test_settings_are_used_and_written_to_the_ledger(run, jobs, stylizer, tmp_path):
    job = Job(jobs[0].content, jobs[0].style, 0.4, Path("a.png"))
    run([job], settings={"size": 30, "levels": ["relu1_1"]})
    expected = stylizer.stylize(job.content, job.style, alpha=0.4, size=30, levels=["relu1_1"])
    assert np.abs(pixels(tmp_path / "out" / "a.png") - expected.array().astype(int)).max() <= 1
    line = latest_lines(tmp_path / "out", "done")["a.png"]
    assert line["settings"] == {"size": 30, "levels": ["relu1_1"], "alpha": 0.4}
    assert line["output"] == sha256(tmp_path / "out" / "a.png")
    assert line["content"]["sha256"] == sha256(job.content)
    assert line["seconds"] > 0


def test_transparency_is_kept(run, jobs, tmp_path):
    picture = Image.open(jobs[0].content).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(jobs[0].content)
    run(jobs[:1])
    alpha = Picture.open(tmp_path / "out" / jobs[0].out).alpha
    np.testing.assert_array_equal(alpha, Picture.open(jobs[0].content).alpha)


def test_one_failure_does_not_stop_the_batch(run, jobs, tmp_path):
    jobs[2].content.write_bytes(b"bad")
    jobs[0].style.unlink()
    _, outcomes = run(jobs)
    failed = {outcome.job.key: outcome.error.what for outcome in outcomes if outcome.error}
    assert set(failed) == {job.key for job in jobs if job.style == jobs[0].style or job.content == jobs[2].content}
    assert "2.png" in failed["y/2.png"]
    assert {path.name for path in (tmp_path / "out" / "y").iterdir()} == {f"{k}.png" for k in (0, 1, 3, 4, 5)}
    assert latest_lines(tmp_path / "out", "failed").keys() == failed.keys()


def test_fail_fast_starts_no_new_picture(run, jobs, monkeypatch):
    monkeypatch.setattr(pipeline, "NUM_READ_AHEAD", 1)
    jobs[1].content.write_bytes(b"bad")
    _, outcomes = run(jobs, fail_fast=True)
    assert [outcome.error is None for outcome in outcomes].count(False) == 1
    assert len(outcomes) <= 2


def test_fail_fast_drops_what_is_read_and_what_waits_to_be_written(run, jobs, stylizer, tmp_path, monkeypatch):
    wrote, stylize = Event(), stylizer.stylize

    def second_fails(images, *args, **options):
        if not second_fails.calls:
            second_fails.calls += 1
            return stylize(images, *args, **options)
        wrote.set()
        raise RuntimeError("no more")

    second_fails.calls = 0
    save = BatchStylizer.save
    monkeypatch.setattr(stylizer, "stylize", second_fails)
    monkeypatch.setattr(BatchStylizer, "save", lambda *args: (wrote.wait(10), save(*args))[1])
    _, outcomes = run(jobs, fail_fast=True, num_threads=1)
    assert sum(outcome.error is None for outcome in outcomes) == 1  # the one whose writing had begun
    assert len(list((tmp_path / "out").rglob("*.png"))) == 1
    assert len(outcomes) < len(jobs)


@pytest.mark.parametrize("error", [RuntimeError("[enforce fail] out of reach"), ValueError(), MemoryError()])
def test_any_error_fails_its_picture_alone(run, jobs, stylizer, monkeypatch, error):
    bad, stylize = Picture.open(jobs[2].content).samples, stylizer.stylize

    def failing(images, *args, **options):
        if any(torch.equal(one, bad[0]) for one in images):
            raise error
        return stylize(images, *args, **options)

    monkeypatch.setattr(stylizer, "stylize", failing)
    _, outcomes = run(jobs)
    failed = {outcome.job for outcome in outcomes if outcome.error}
    assert failed == {job for job in jobs if job.content == jobs[2].content}
    (what,) = {outcome.error.what for outcome in outcomes if outcome.error}
    assert str(jobs[2].content) in what
    assert ("memory" if isinstance(error, MemoryError) else type(error).__name__) in what


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_pipes_as_content_or_style_fail_and_are_not_read(run, jobs, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    piped = [replace(jobs[0], content=tmp_path / "pipe.png"), replace(jobs[1], style=tmp_path / "pipe.png")]
    _, outcomes = run([*piped, jobs[2]])
    assert {outcome.job.key: outcome.error and outcome.error.todo for outcome in outcomes} == {
        "x/0.png": "write it to a file first",
        "x/1.png": "write it to a file first",
        "x/2.png": None,
    }


def test_a_full_disk_ends_the_run(run, jobs, monkeypatch):
    def full(ledger, line):
        if line["outcome"] != "planned":
            raise StylerError("cannot write", "free some space")

    monkeypatch.setattr("styler.batch.ledger.Ledger.append", full)
    with pytest.raises(StylerError, match="cannot write"):
        run(jobs)


def test_the_pixels_in_memory_stay_within_the_budget(run, jobs, monkeypatch):
    held, most = [0], [0]
    lock, take, give = threading.Lock(), PixelBudget.acquire, PixelBudget.release

    def count(amount):
        with lock:
            held[0] += amount
            most[0] = max(most[0], held[0])

    monkeypatch.setattr(PixelBudget, "acquire", lambda self, n: (take(self, n), count(n)))
    monkeypatch.setattr(PixelBudget, "release", lambda self, n: (count(-n), give(self, n)))
    monkeypatch.setattr(pipeline, "PixelBudget", lambda: PixelBudget(5000))
    _, outcomes = run(jobs, num_threads=4)
    assert len(outcomes) == len(jobs)
    assert 0 < most[0] <= 5000
    assert held[0] == 0


@pytest.mark.parametrize("end_wait", [lambda budget: budget.release(100), PixelBudget.remove_limit])
def test_a_picture_above_the_budget_is_in_memory_alone(monkeypatch, end_wait):
    budget, fits = PixelBudget(10), Queue()
    wait_for = budget._changed.wait_for
    monkeypatch.setattr(budget._changed, "wait_for", lambda ready: (fits.put(ready()), wait_for(ready)))
    budget.acquire(100)
    assert fits.get(timeout=10)
    waiting = threading.Thread(target=budget.acquire, args=(1,), daemon=True)
    waiting.start()
    assert not fits.get(timeout=10)
    end_wait(budget)
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_size_beyond_the_limit_is_one_clear_error_for_each_picture(run, jobs, stylizer, tmp_path):
    with pytest.raises(StylerError, match="with a longer side of 1000000 are too many") as alone:
        stylizer.stylize(jobs[0].content, jobs[0].style, size=10**6)
    _, outcomes = run(jobs, settings={"size": 10**6})
    errors = {outcome.job: outcome.error.args for outcome in outcomes}
    assert errors.keys() == set(jobs)
    assert errors[jobs[0]] == alone.value.args
    assert list((tmp_path / "out").rglob("*.png")) == []


def test_the_estimate_leaves_out_pictures_beyond_the_size_limit_and_names_them(jobs, stylizer, tmp_path, picture_file):
    extreme = Job(picture_file("c/line.png", 1, 64), jobs[0].style, 1.0, Path("line.png"))
    found = batch_estimate([*jobs, extreme], BatchStylizer(stylizer, {"size": 50_000}, tmp_path / "out"))
    assert found.too_large.keys() == {job.content for job in jobs}
    assert all("are too many" in error.what for error in found.too_large.values())
    assert found.megapixels == pytest.approx(50_000 * 781 / 1e6)
    assert found.peak_mib < 4096


def test_enlarged_pictures_acquire_the_pixels_that_they_will_have(run, jobs, monkeypatch):
    acquired, acquire = [], PixelBudget.acquire
    monkeypatch.setattr(PixelBudget, "acquire", lambda self, n: (acquired.append(n), acquire(self, n)))
    run(jobs[:1], settings={"size": 80})
    assert acquired == [80 * 80]


def test_an_interrupt_completes_only_the_writes_in_progress(stylizer, jobs, tmp_path):
    batch_stylizer = BatchStylizer(stylizer, {}, tmp_path / "out")
    with open_ledger(batch_stylizer.folder, Shard(), jobs) as ledger:
        outcomes = Pipeline(batch_stylizer, ledger).outcomes(jobs)
        next(outcomes)
        outcomes.close()
    done = latest_lines(tmp_path / "out", "writing", "done")
    assert 1 <= len(done) <= len(jobs)
    assert {line["outcome"] for line in done.values()} == {"done"}
    assert {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")} == done.keys()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), " does not fit into memory"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes"),
            " does not fit into memory",
        ),
        (ValueError("strange\nthing"), ": ValueError: strange"),
        (ZeroDivisionError("zero"), ": ZeroDivisionError: zero"),
    ],
)
@pytest.mark.parametrize("stage", ["load", "stylize", "save"])
def test_a_picture_fails_alone_whatever_its_error(run, jobs, monkeypatch, error, words, stage):
    original, bad = getattr(BatchStylizer, stage), jobs[2].content

    def failing(self, argument, *others):
        items = argument if stage == "stylize" else [argument]
        if any(getattr(item, "job", item).content == bad for item in items):
            raise error
        return original(self, argument, *others)

    monkeypatch.setattr(BatchStylizer, stage, failing)
    _, outcomes = run(jobs)
    failed = {outcome.job: outcome.error.what for outcome in outcomes if outcome.error}
    assert failed == {job: f"{bad}{words}" for job in jobs if job.content == bad}
    assert len(outcomes) == len(jobs)


def test_a_picture_beyond_the_limit_of_the_format_fails_before_it_is_stylized(run, jobs, picture_file, monkeypatch):
    seen, stylize = [], BatchStylizer.stylize
    monkeypatch.setattr(BatchStylizer, "stylize", lambda self, batch: (seen.extend(batch), stylize(self, batch))[1])
    wide = Job(picture_file("c/wide.png", 1, 16_384), jobs[0].style, 1.0, Path("wide.webp"))
    _, outcomes = run([wide, jobs[0]])
    assert {outcome.job: outcome.error and outcome.error.what for outcome in outcomes} == {
        wide: "WEBP cannot hold 16384×1 pixels: at most 16,383 a side",
        jobs[0]: None,
    }
    assert [loaded.job for loaded in seen] == [jobs[0]]
