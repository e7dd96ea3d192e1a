import pytest
import torch
from conftest import TINY, picture
from torch import nn

from styler.encoder import Encoder, convolutions
from styler.training.distillation import INPUT_MEAN, INPUT_STD, Distillation, Student, Targets, equalize, finished
from styler.vgg import LEVELS


@pytest.fixture
def images():
    return torch.cat([picture(32, 32, seed=seed) for seed in range(4)])


@pytest.fixture
def teacher():
    encoder = Encoder((8, 12, 16, 20))
    for conv in convolutions(encoder):
        nn.init.kaiming_normal_(conv.weight)
    return encoder


def test_equalized_channels_have_mean_one_and_are_the_same_up_to_scale(images):
    encoder = Encoder(TINY)
    before = encoder.pyramid(images)
    equalize(encoder, images)
    for level, features in encoder.pyramid(images).items():
        means = before[level].mean((0, 2, 3), keepdim=True)
        alive = means.flatten() > 0
        torch.testing.assert_close((before[level] / means)[:, alive], features[:, alive], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(features.mean((0, 2, 3))[alive], torch.ones(int(alive.sum())))


def test_a_channel_that_stays_dark_is_left_alone(images):
    encoder = Encoder(TINY)
    with torch.no_grad():
        encoder.convs["conv1_2"].bias[1] = -1e3
    equalize(encoder, images)
    assert all(value.isfinite().all() for value in encoder.state_dict().values())


def test_the_finished_encoder_sees_what_the_student_saw(images):
    student = Student(TINY)
    student(images)  # moves the running means of the normalisation
    student.eval()
    with torch.no_grad():
        wanted = student.encoder.pyramid((images - INPUT_MEAN) / INPUT_STD)
        found = finished(student, images).pyramid(images)
    for level in LEVELS:
        scale = wanted[level].mean((0, 2, 3), keepdim=True)
        scale = torch.where(scale > 0, scale, 1)
        torch.testing.assert_close(found[level], wanted[level] / scale, rtol=1e-3, atol=1e-3)


def test_targets_are_centred_uncorrelated_and_of_variance_one_together(images, teacher):
    for target in Targets(teacher, images, TINY)(images).values():
        rows = target.transpose(0, 1).flatten(1)
        covariance = torch.cov(rows, correction=0)
        torch.testing.assert_close(rows.mean(1), torch.zeros(len(rows)), rtol=0, atol=2e-2)
        torch.testing.assert_close(covariance.trace(), torch.tensor(1.0), rtol=2e-2, atol=0)
        off = covariance - covariance.diag().diag()
        assert off.abs().max() < 0.05 * covariance.diag().max()


def test_learning_explains_more_of_the_teacher(images, teacher, tmp_path):
    task = Distillation(teacher, images, widths=TINY, sheet=tmp_path / "sheet.png")
    optimizer = torch.optim.Adam(task.trained.parameters(), 1e-2)
    first = sum(task.measure(images).values())
    for _ in range(40):
        task.trained.train()
        optimizer.zero_grad()
        sum(task.losses(images).values()).backward()
        optimizer.step()
    task.trained.train()
    assert sum(task.measure(images).values()) < 0.5 * first
