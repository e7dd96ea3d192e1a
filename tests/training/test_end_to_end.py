import pytest
import torch
from samples import TINY, picture
from torch import nn

from styler.choices import LEVELS
from styler.model.encoder import Encoder, convolutions
from styler.training.end_to_end import EndToEndTask, remaining_share


@pytest.fixture
def task(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr("styler.training.end_to_end.NUM_DIRECTIONS", 4)
    teacher = Encoder(TINY)
    for conv in convolutions(teacher):
        nn.init.kaiming_normal_(conv.weight)
    photos, paintings = (torch.cat([picture(32, 32, seed=seed + i) for i in range(4)]) for seed in (0, 10))
    shown = {"photos": photos, "paintings": paintings, "sheet": tmp_path / "sheet.png"}
    return EndToEndTask(tiny_model, teacher, torch.cat([photos, paintings]), **shown)


@pytest.fixture
def batch():
    return tuple(torch.cat([picture(32, 32, seed=seed + i) for i in range(2)]) for seed in (20, 30))


def test_every_network_gets_gradients_through_the_transforms(task, batch):
    losses = task.losses(*batch)
    losses["content"].backward()
    for name in (*LEVELS, "encoder"):
        assert all(0 < parameter.grad.abs().max() < torch.inf for parameter in task.trained[name].parameters()), name
    assert all(parameter.grad is None for parameter in task.teacher.parameters())


def test_the_content_weighs_as_much_as_asked(task, batch):
    usual = task.losses(*batch)
    task.content_weight *= 3
    changed = task.losses(*batch)
    torch.testing.assert_close(changed["content"], 3 * usual["content"])
    torch.testing.assert_close(changed["relu1_1 style"], usual["relu1_1 style"])


@pytest.mark.slow
def test_training_reduces_the_losses(task, batch):
    def loss() -> torch.Tensor:
        losses = task.losses(*batch)
        return sum(losses[f"{level} style"] for level in LEVELS) + losses["content"]

    first, optimizer = loss().item(), torch.optim.Adam(task.trained.parameters(), 3e-3)
    for _ in range(20):
        optimizer.zero_grad()
        sum(task.losses(*batch).values()).backward()
        nn.utils.clip_grad_norm_(task.trained.parameters(), 1.0)  # as in the training loop
        optimizer.step()
    assert loss().item() < 0.8 * first


def test_flat_pictures_and_identical_pairs_give_finite_losses(task, batch):
    flat = torch.full((1, 3, 32, 32), 0.5)
    losses = task.losses(torch.cat([batch[0][:1], flat]), torch.cat([batch[0][:1], flat]))
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in task.trained.parameters())


def test_a_pair_of_similar_pictures_does_not_dominate_the_mean():
    assert remaining_share(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 2.0])) == 0.5
    assert remaining_share(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 0.0])) < 2.3
