import pytest
import torch
from samples import TINY

from styler.choices import LEVELS
from styler.model.decoder import Decoder
from styler.model.vgg import block, stride


@pytest.mark.parametrize("level", LEVELS)
def test_pictures_are_a_stride_larger_than_features(level):
    image = Decoder(level, TINY)(torch.rand(2, TINY[block(level)], 5, 7))
    assert image.shape == (2, 3, 5 * stride(level), 7 * stride(level))


def test_flat_features_give_a_flat_picture_without_a_border():
    image = Decoder("relu4_1", TINY)(torch.full((1, TINY[3], 4, 4), 0.7))
    torch.testing.assert_close(image, image[..., :1, :1].expand_as(image), rtol=1e-5, atol=1e-6)


def test_the_output_is_linear_so_that_it_can_be_negative():
    decoder = Decoder("relu1_1", TINY)
    torch.nn.init.constant_(decoder.convs["conv1_1"].bias, -10.0)
    assert (decoder(torch.rand(1, TINY[0], 4, 4)) < 0).all()
