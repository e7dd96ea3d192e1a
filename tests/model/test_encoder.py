import pytest
import torch
from samples import TINY, picture

from styler.choices import LEVELS
from styler.model.encoder import Encoder
from styler.model.vgg import block, stride


@pytest.mark.parametrize("level", LEVELS)
def test_features_have_the_level_s_width_and_stride(level):
    features = Encoder(TINY)(picture(48, 64), level)
    assert features.shape == (1, TINY[block(level)], 48 // stride(level), 64 // stride(level))


def test_pyramid_equals_the_levels_one_by_one():
    encoder, image = Encoder(TINY), picture()
    for level, features in encoder.pyramid(image).items():
        torch.testing.assert_close(features, encoder(image, level), rtol=0, atol=0)


def test_batch_equals_its_items_one_by_one():
    encoder, images = Encoder(TINY), torch.cat([picture(seed=0), picture(seed=1)])
    whole = encoder(images, "relu4_1")
    alone = torch.cat([encoder(image[None], "relu4_1") for image in images])
    torch.testing.assert_close(whole, alone, rtol=1e-5, atol=1e-6)


def test_a_flat_picture_has_flat_features_up_to_the_border():
    features = Encoder(TINY)(torch.full((1, 3, 32, 32), 0.3), "relu3_1")
    torch.testing.assert_close(features, features[..., :1, :1].expand_as(features), rtol=1e-5, atol=1e-6)
