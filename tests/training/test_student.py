import pytest
import torch
from samples import TINY, picture

from styler.choices import LEVELS
from styler.model.encoder import Encoder
from styler.training.student import INPUT_MEAN, INPUT_STD, Student, batch_norms, equalize, student_model


@pytest.fixture
def images():
    return torch.cat([picture(32, 32, seed=seed) for seed in range(4)])


def test_equalized_channels_have_mean_one_and_are_the_same_up_to_scale(images):
    encoder = Encoder(TINY)
    before = encoder.pyramid(images)
    equalize(encoder, images)
    for level, features in encoder.pyramid(images).items():
        means = before[level].mean((0, 2, 3), keepdim=True)
        alive = means.flatten() > 0
        torch.testing.assert_close((before[level] / means)[:, alive], features[:, alive], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(features.mean((0, 2, 3))[alive], torch.ones(int(alive.sum())))


def test_an_inactive_channel_is_not_scaled(images):
    encoder = Encoder(TINY)
    with torch.no_grad():
        encoder.convs["conv1_2"].bias[1] = -1e3
    equalize(encoder, images)
    assert all(value.isfinite().all() for value in encoder.state_dict().values())


def test_the_student_model_has_the_features_and_reconstructions_of_the_student(images):
    student = Student(TINY, freeze_norm_after=10)
    for _ in range(20):
        student.train()(images)  # updates the running means of the normalisation
    student.eval()
    with torch.no_grad():
        wanted = student.encoder.pyramid((images - INPUT_MEAN) / INPUT_STD)
        _, pictures = student(images)
        model = student_model(student, images)
        found = model.encoder.pyramid(images)
    for level in LEVELS:
        scale = wanted[level].mean((0, 2, 3), keepdim=True)
        scale = torch.where(scale > 0, scale, 1)
        torch.testing.assert_close(found[level], wanted[level] / scale, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(model.decoders[level](found[level]), pictures[level], rtol=1e-3, atol=1e-3)


def test_normalisation_is_frozen_after_the_given_number_of_steps(images):
    student = Student(TINY, freeze_norm_after=3)
    for step in range(5):
        student.train()
        assert all(norm.training == (step < 3) for norm in batch_norms(student))
        before = student.encoder.convs["conv1_1"][1].running_mean.clone()
        student(images)
        assert before.equal(student.encoder.convs["conv1_1"][1].running_mean) == (step >= 3)


def test_reconstruction_trains_the_encoder_only_after_normalisation_is_frozen(images):
    student = Student(TINY, freeze_norm_after=1)
    for is_frozen in (False, True):
        student.train()
        _, pictures = student(images)
        student.zero_grad()
        sum(picture.square().mean() for picture in pictures.values()).backward()
        assert all((parameter.grad is not None) == is_frozen for parameter in student.encoder.parameters())
        assert all(parameter.grad is not None for parameter in student.decoders.parameters())
