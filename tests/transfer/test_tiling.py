import pytest
import torch
from samples import picture

from styler.choices import LEVELS
from styler.model.vgg import stride
from styler.transfer.tiling import MULTIPLE, SMALLEST, Box, decoder_margin, encoder_margin, grid, padded


@pytest.mark.parametrize(("size", "tile"), [((64, 48), 16), ((40, 40), 24), ((8, 104), 32), ((16, 16), None)])
def test_tiles_cover_every_pixel_once(size, tile):
    count = torch.zeros(size)
    for row in grid(*size, tile):
        for box in row:
            count[box.top : box.bottom, box.left : box.right] += 1
    assert (count == 1).all()


def test_a_tile_as_large_as_the_picture_is_the_picture():
    assert grid(40, 64, 64) == grid(40, 64, None) == [[Box(0, 0, 40, 64)]]


def test_a_box_grows_as_far_as_the_picture_goes():
    box = Box(8, 0, 16, 40).grown(16, 64, 48)
    assert box == Box(0, 0, 32, 48)
    assert Box(8, 0, 16, 40).within(box, stride=8) == (slice(1, 2), slice(0, 5))


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("level", LEVELS)
def test_features_inside_a_tile_depend_on_no_pixel_beyond_the_margin(tiny_model, level, antialiased):
    tiny_model.antialiased = antialiased
    image = torch.rand(1, 3, 160, 16).requires_grad_()
    cell = 80 // stride(level)
    features = tiny_model.encoder(image, level)
    (gradient,) = torch.autograd.grad(features[0, :, cell : cell + 8 // stride(level)].sum(), image)
    rows = gradient.abs().sum((0, 1, 3)).nonzero()
    assert rows.min() >= 80 - encoder_margin(level, antialiased=antialiased)
    assert rows.max() < 88 + encoder_margin(level, antialiased=antialiased)


@pytest.mark.parametrize("antialiased", [False, True])
@pytest.mark.parametrize("level", LEVELS)
def test_pixels_inside_a_tile_depend_on_no_feature_beyond_the_margin(tiny_model, level, antialiased):
    tiny_model.antialiased = antialiased
    features = tiny_model.encoder(torch.rand(1, 3, 160, 16), level).detach().requires_grad_()
    image = tiny_model.decoders[level](features)
    (gradient,) = torch.autograd.grad(image[..., 80:88, :].sum(), features)
    rows = gradient.abs().sum((0, 1, 3)).nonzero() * stride(level)
    assert rows.min() >= 80 - decoder_margin(level, antialiased=antialiased)
    assert rows.max() < 88 + decoder_margin(level, antialiased=antialiased)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 3), (15, 16), (16, 16), (17, 33), (64, 1)])
def test_sizes_become_multiples_and_the_picture_stays(size):
    image = picture(*size)
    result = padded(image)
    assert all(side % MULTIPLE == 0 and side >= SMALLEST for side in result.shape[-2:])
    torch.testing.assert_close(result[..., : size[0], : size[1]], image, rtol=0, atol=0)


def test_a_multiple_is_left_as_it_is():
    image = picture(32, 48)
    assert padded(image) is image


def test_a_flat_picture_stays_flat():
    assert (padded(torch.full((1, 3, 3, 5), 0.25)) == 0.25).all()
