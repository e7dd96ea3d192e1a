import pytest
import torch
from samples import TINY, picture
from torch import nn

from styler.choices import LEVELS
from styler.model.encoder import Encoder, convolutions
from styler.training.end_to_end import EndToEnd, share


@pytest.fixture
def task(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr("styler.training.end_to_end.NUM_DIRECTIONS", 4)
    teacher = Encoder(TINY)
    for conv in convolutions(teacher):
        nn.init.kaiming_normal_(conv.weight)
    photos, paintings = (torch.cat([picture(32, 32, seed=seed + i) for i in range(4)]) for seed in (0, 10))
    shown = {"photos": photos, "paintings": paintings, "sheet": tmp_path / "sheet.png"}
    return EndToEnd(tiny_model, teacher, torch.cat([photos, paintings]), **shown)


@pytest.fixture
def batch():
    return tuple(torch.cat([picture(32, 32, seed=seed + i) for i in range(2)]) for seed in (20, 30))


def test_every_network_learns_from_the_last_picture_through_the_transforms(task, batch):
    losses = task.losses(*batch)
    losses["content"].backward()
    for name in (*LEVELS, "encoder"):
        assert all(0 < parameter.grad.abs().max() < torch.inf for parameter in task.trained[name].parameters()), name
    assert all(parameter.grad is None for parameter in task.teacher.parameters())


def test_training_takes_the_pictures_nearer_to_their_styles(task, batch):
    def left() -> torch.Tensor:
        losses = task.losses(*batch)
        return sum(losses[f"{level} style"] for level in LEVELS) + losses["content"]

    first, optimizer = left().item(), torch.optim.Adam(task.trained.parameters(), 1e-3)
    for _ in range(60):
        optimizer.zero_grad()
        sum(task.losses(*batch).values()).backward()
        nn.utils.clip_grad_norm_(task.trained.parameters(), 1.0)  # as the loop does
        optimizer.step()
    assert left().item() < 0.8 * first


def test_flat_pictures_and_a_painting_of_itself_give_finite_losses(task, batch):
    flat = torch.full((1, 3, 32, 32), 0.5)
    losses = task.losses(torch.cat([batch[0][:1], flat]), torch.cat([batch[0][:1], flat]))
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in task.trained.parameters())


def test_a_pair_that_is_alike_does_not_drown_the_others():
    assert share(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 2.0])) == 0.5
    assert share(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 0.0])) < 2.3
