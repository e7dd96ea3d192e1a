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


class Flattening:
    """The simplest task there is: learn the mean colour."""

    def __init__(self):
        self.trained = nn.Conv2d(3, 3, 1)
        self.published = 0

    def losses(self, images):
        return {"colour": (self.trained(torch.zeros_like(images)) - images).square().mean()}

    def publish(self):
        self.published += 1


@pytest.fixture
def run(folder, tmp_path):
    """Return a function that trains the simplest task and returns it with what was reported."""
    paths, _ = find_pictures(folder("photos", 3))

    def start(num_steps=12, *, report=None, resume=False, checkpoint=tmp_path / "x.ckpt", **settings):
        torch.manual_seed(0)
        task, heard = Flattening(), []
        wanted = Settings(num_steps, batch_size=2, crop_size=32, learning_rate=0.1).changed(**settings)
        crops = RandomCrops((paths, augmentation(32, scale=(0.5, 1.0))), num_items=2 * num_steps, seed=wanted.seed)
        train(
            task,
            crops,
            settings=wanted,
            checkpoint=checkpoint,
            resume=resume,
            report=report or heard.append,
            publish_every=5,
        )
        return task, heard

    return start


def test_the_loss_falls_and_every_step_is_reported(run):
    task, heard = run(60)
    assert [progress.step for progress in heard] == list(range(1, 61))
    assert heard[-1].losses["colour"] < 0.5 * heard[0].losses["colour"]
    assert heard[-1].seconds_left == 0
    assert heard[-1].images_per_second > 0
    assert task.published == 60 / 5


def interrupt_at(step):
    def report(progress):
        if progress.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    return report


def test_an_interrupted_and_resumed_training_equals_one_in_one_go(run):
    whole, _ = run()
    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt_at(4))
    resumed, heard = run(resume=True)
    assert heard[0].step == 5
    for name, value in whole.trained.state_dict().items():
        torch.testing.assert_close(resumed.trained.state_dict()[name], value, rtol=0, atol=0)


def test_the_handler_of_interrupts_is_given_back(run):
    before = signal.getsignal(signal.SIGINT)
    run()
    assert signal.getsignal(signal.SIGINT) is before


def test_it_trains_in_a_thread_too(run):
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
    monkeypatch.setattr(Flattening, "__init__", lambda self: setattr(self, "trained", nn.Conv2d(3, 4, 1)))
    with pytest.raises(StylerError, match="another network"):
        run(resume=True)


def test_resuming_from_nothing_is_an_error(run, tmp_path):
    with pytest.raises(StylerError, match="nothing to resume"):
        run(resume=True, checkpoint=tmp_path / "none.ckpt")


def test_a_broken_checkpoint_is_an_error(run, tmp_path):
    (tmp_path / "bad.ckpt").write_bytes(b"broken")
    with pytest.raises(StylerError, match=r"bad\.ckpt"):
        run(resume=True, checkpoint=tmp_path / "bad.ckpt")


def test_a_full_disk_is_one_clear_error_and_leaves_the_last_checkpoint(run, tmp_path, monkeypatch):
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
    monkeypatch.setattr(Flattening, "losses", lambda self, images: {"colour": self.trained(images).sum() / 0})
    with pytest.raises(StylerError, match="no longer finite"):
        run()
