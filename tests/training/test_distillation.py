import pytest
import torch
from samples import TINY, picture
from torch import nn

from styler.choices import LEVELS
from styler.model.encoder import Encoder, convolutions
from styler.training.distillation import DistillationTask, Targets


@pytest.fixture
def images():
    return torch.cat([picture(32, 32, seed=seed) for seed in range(4)])


@pytest.fixture
def teacher():
    encoder = Encoder((8, 12, 16, 20))
    for conv in convolutions(encoder):
        nn.init.kaiming_normal_(conv.weight)
    return encoder


def test_targets_are_centered_and_uncorrelated_with_total_variance_one(images, teacher):
    for target in Targets(teacher, images, TINY)(images).values():
        rows = target.transpose(0, 1).flatten(1)
        covariance = torch.cov(rows, correction=0)
        torch.testing.assert_close(rows.mean(1), torch.zeros(len(rows)), rtol=0, atol=2e-2)
        torch.testing.assert_close(covariance.trace(), torch.tensor(1.0), rtol=2e-2, atol=0)
        off = covariance - covariance.diag().diag()
        assert off.abs().max() < 0.05 * covariance.diag().max()


def test_training_improves_the_prediction_of_the_teacher_and_the_reconstruction(images, teacher, tmp_path):
    task = DistillationTask(teacher, images, widths=TINY, freeze_norm_after=30, sheet=tmp_path / "sheet.png")
    optimizer = torch.optim.Adam(task.trained.parameters(), 1e-2)
    first = task.measure(images)
    for _ in range(40):
        task.trained.train()
        optimizer.zero_grad()
        sum(task.losses(images).values()).backward()
        optimizer.step()
    last = task.measure(images)
    assert sum(last[level] for level in LEVELS) < 0.5 * sum(first[level] for level in LEVELS)
    assert all(last[f"{level} psnr"] > first[f"{level} psnr"] for level in LEVELS)
