import pytest
import torch
from samples import TINY, picture

from styler.choices import LEVELS
from styler.model.vgg import block
from styler.training.widening import widened


@pytest.fixture
def image():
    return picture(32, 40)


def test_the_wide_model_has_the_features_of_the_narrow_one_and_more(tiny_model, image):
    wide = widened(tiny_model)
    assert wide.encoder.widths == tuple(2 * width for width in TINY)
    for level in LEVELS:
        found, before, width = wide.encoder(image, level)[0], tiny_model.encoder(image, level)[0], TINY[block(level)]
        torch.testing.assert_close(found[:width], before)
        assert found[width:].max() > 0


@pytest.mark.parametrize("level", LEVELS)
def test_the_wide_model_reconstructs_the_same_pictures(tiny_model, image, level):
    wide = widened(tiny_model, 3)
    before = tiny_model.decoders[level](tiny_model.encoder(image, level))
    torch.testing.assert_close(wide.decoders[level](wide.encoder(image, level)), before)


def test_the_weights_for_every_active_new_channel_get_gradients(tiny_model, image):
    wide = widened(tiny_model)
    wide.modules().requires_grad_(True)
    for level in LEVELS:
        wide.decoders[level](wide.encoder(image, level)).square().mean().backward()
    for level, width in zip(reversed(LEVELS), TINY, strict=True):
        features = wide.encoder(image, level)[0, width:].amax((1, 2))
        name = level.replace("relu", "conv")
        gradient = wide.decoders[level].convs[name].weight.grad[: 3 if level == "relu1_1" else None, width:]
        assert torch.equal(gradient.abs().amax((0, 2, 3)) > 0, features > 0)
