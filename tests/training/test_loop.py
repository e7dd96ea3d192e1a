import errno
import os
import signal
import threading

import pytest
import torch
from torch import nn

from styler.errors import StylerError
from styler.training.data import RandomCrops, augmentation, find_pictures
from styler.training.loop import train
from styler.training.settings import Settings


class MeanColorTask:
    """The simplest possible task: learn the mean color."""

    def __init__(self):
        self.trained = nn.Conv2d(3, 3, 1)
        self.num_sheets = 0

    def losses(self, images):
        return {"color": (self.trained(torch.zeros_like(images)) - images).square().mean()}

    def write_samples(self):
        self.num_sheets += 1


@pytest.fixture
def run(folder, tmp_path):
    """Return a function that trains the simplest task and returns it with the reported progress."""
    paths, _ = find_pictures(folder("photos", 3))

    def start(num_steps=12, *, report=None, resume=False, checkpoint=tmp_path / "x.ckpt", **settings):
        torch.manual_seed(0)
        task, reports = MeanColorTask(), []
        wanted = Settings(num_steps, batch_size=2, crop_size=32, learning_rate=0.1).changed(**settings)
        crops = RandomCrops((paths, augmentation(32, scale=(0.5, 1.0))), num_items=2 * num_steps, seed=wanted.seed)
        train(
            task,
            crops,
            settings=wanted,
            checkpoint=checkpoint,
            resume=resume,
            report=report or reports.append,
            save_every=5,
        )
        return task, reports

    return start


def test_the_loss_falls_and_every_step_is_reported(run):
    task, reports = run(60)
    assert [progress.step for progress in reports] == list(range(1, 61))
    assert reports[-1].losses["color"] < 0.5 * reports[0].losses["color"]
    assert reports[-1].seconds_left == 0
    assert reports[-1].images_per_second > 0
    assert task.num_sheets == 60 / 5


def interrupt_at(step):
    def report(progress):
        if progress.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    return report


def test_an_interrupted_and_resumed_training_equals_an_uninterrupted_one(run):
    whole, _ = run()
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_at(4))
    resumed, reports = run(resume=True)
    assert reports[0].step == 5
    for name, value in whole.trained.state_dict().items():
        torch.testing.assert_close(resumed.trained.state_dict()[name], value, rtol=0, atol=0)


def test_the_previous_interrupt_handler_is_restored(run):
    before = signal.getsignal(signal.SIGINT)
    run()
    assert signal.getsignal(signal.SIGINT) is before


def test_training_works_in_a_thread(run):
    done = []
    thread = threading.Thread(target=lambda: done.append(run()))
    thread.start()
    thread.join()
    assert len(done) == 1


def test_resuming_with_other_settings_is_refused(run):
    run()
    with pytest.raises(StylerError, match="other settings"):
        run(resume=True, seed=1)


def test_resuming_another_network_is_refused(run, monkeypatch):
    run()
    monkeypatch.setattr(MeanColorTask, "__init__", lambda self: setattr(self, "trained", nn.Conv2d(3, 4, 1)))
    with pytest.raises(StylerError, match="another network"):
        run(resume=True)


def test_resuming_without_a_checkpoint_is_an_error(run, tmp_path):
    with pytest.raises(StylerError, match="nothing to resume"):
        run(resume=True, checkpoint=tmp_path / "none.ckpt")


def test_a_broken_checkpoint_is_an_error(run, tmp_path):
    (tmp_path / "bad.ckpt").write_bytes(b"broken")
    with pytest.raises(StylerError, match=r"bad\.ckpt"):
        run(resume=True, checkpoint=tmp_path / "bad.ckpt")


def test_a_full_disk_is_one_clear_error_and_keeps_the_last_checkpoint(run, tmp_path, monkeypatch):
    run(6)
    before = (tmp_path / "x.ckpt").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StylerError, match="No space left"):
        run(6)
    assert (tmp_path / "x.ckpt").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "photos" not in path.name] == ["x.ckpt"]


def test_a_loss_that_is_not_finite_stops_the_training(run, monkeypatch):
    monkeypatch.setattr(MeanColorTask, "losses", lambda self, images: {"color": self.trained(images).sum() / 0})
    with pytest.raises(StylerError, match="no longer finite"):
        run()


def test_a_picture_that_vanishes_ends_the_training_with_a_checkpoint(run, tmp_path):
    def remove_pictures(progress):
        if progress.step == 3:
            for path in (tmp_path / "photos").iterdir():
                path.rename(path.with_suffix(".gone"))

    with pytest.raises(StylerError, match=r"no such file: .*png") as caught:
        run(report=remove_pictures)
    assert "continue with --resume" in caught.value.todo
    for path in (tmp_path / "photos").iterdir():
        path.rename(path.with_suffix(".png"))
    assert run(resume=True)[1][0].step == 4


def test_crops_that_do_not_fit_into_memory_are_one_clear_error(run, monkeypatch):
    monkeypatch.setattr(MeanColorTask, "losses", lambda self, images: {"color": torch.empty(2**44).sum()})
    with pytest.raises(StylerError, match="2 crops of 32 pixels do not fit into memory"):
        run()


@pytest.mark.parametrize("size", [100, 0, -8])
def test_crops_that_poolings_would_cut_are_refused(size):
    with pytest.raises(ValueError, match="expected crop_size a multiple of 8"):
        Settings(1, crop_size=size)
