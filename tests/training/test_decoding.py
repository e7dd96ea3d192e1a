import pytest
import torch
from PIL import Image
from samples import TINY, picture

from styler.choices import LEVELS
from styler.model.vgg import block
from styler.training.decoding import DecoderTask, new_decoder


@pytest.fixture
def task(tiny_model, tmp_path):
    photos, paintings = (torch.cat([picture(32, 32, seed=seed + i) for i in range(4)]) for seed in (0, 10))
    return DecoderTask(tiny_model, LEVELS, photos=photos, paintings=paintings, sheet=tmp_path / "sheet.png")


@pytest.mark.parametrize("level", LEVELS)
def test_the_outputs_of_a_new_decoder_are_nearly_grey(level):
    image = new_decoder(level, TINY)(2 * torch.rand(1, TINY[block(level)], 4, 4))
    assert (image - 0.5).abs().mean() < 0.3


def test_only_the_decoders_are_trained(task):
    losses = task.losses(picture(32, 32).repeat(2, 1, 1, 1), picture(32, 32, seed=1).repeat(2, 1, 1, 1))
    assert list(losses) == list(LEVELS)
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in task.trained.parameters())
    assert all(parameter.grad is None for parameter in task.model.encoder.parameters())


def test_a_batch_of_one_has_no_stylized_half(task):
    assert all(loss.isfinite() for loss in task.losses(picture(32, 32), picture(32, 32, seed=1)).values())


def test_flat_pictures_among_the_training_data_give_finite_losses(task):
    flat = torch.full((4, 3, 32, 32), 0.5)
    photos = torch.cat([picture(32, 32), flat[:3]])
    losses = task.losses(photos, torch.cat([flat[:3], picture(32, 32, seed=1)]))
    sum(losses.values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in task.trained.parameters())


def test_measured_psnr_is_that_of_the_reconstruction(task):
    photos = torch.cat([picture(32, 32, seed=20), picture(32, 32, seed=21)])
    error = (task.reconstruction(photos, "relu2_1") - photos).square().mean()
    assert task.measure(photos)["relu2_1 psnr"] == pytest.approx(-10 * error.log10().item())


def test_the_sheet_has_four_columns(task, tmp_path):
    task.write_samples()
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (4 * 36 + 4, 4 * 36 + 4)
