import pytest
import torch

from styler.images.pixels import quantized, to_float
from styler.transfer.fixed_pattern import CELL, STRIP, remove_fixed_pattern, without_fixed_pattern


@pytest.fixture
def image():
    """Return noise over a slope: what a picture has, and no pattern."""
    slope = torch.linspace(0.2, 0.8, 320)
    return (slope + 0.05 * torch.randn(1, 3, 256, 320, generator=torch.Generator().manual_seed(0))).clamp(0, 1)


def rms(images):
    return float(images.square().mean().sqrt())


def test_a_grid_goes_and_the_picture_stays(image):
    grid = 0.03 * torch.randn(1, 3, CELL, CELL, generator=torch.Generator().manual_seed(1)).repeat(1, 1, 64, 80)
    grid -= grid.mean((2, 3), keepdim=True)
    left = without_fixed_pattern(image + grid) - without_fixed_pattern(image)
    assert rms(left) < 0.15 * rms(grid)
    assert rms(without_fixed_pattern(image) - image) < 0.05 * 0.05


def test_a_grid_that_changes_over_the_picture_goes_too(image):
    grid = 0.03 * torch.tensor([1.0, -1.0]).repeat(160) * torch.linspace(-1, 1, 320)
    left = without_fixed_pattern(image + grid) - without_fixed_pattern(image)
    assert rms(left) < 0.2 * rms(grid)


def test_slopes_and_flat_pictures_stay():
    slope = torch.linspace(0.1, 0.9, 320).expand(1, 3, 256, 320)
    inside = (without_fixed_pattern(slope) - slope)[..., CELL:-CELL, CELL:-CELL]
    assert inside.abs().max() < 5e-4
    flat = torch.full((1, 3, 64, 64), 0.3)
    torch.testing.assert_close(without_fixed_pattern(flat), flat)


@pytest.mark.parametrize("size", [(8, 8), (16, 24), (40, 320)])
def test_small_pictures_keep_their_detail(size, image):
    part = image[..., : size[0], : size[1]]
    assert rms(without_fixed_pattern(part) - part) < 0.3 * float(part.std())


@pytest.mark.parametrize("size", [(8, 8), (STRIP, 40), (STRIP + 8, 136), (256, 320)])
def test_strips_give_what_the_whole_gives(size, image):
    pixels = quantized(image[..., : size[0], : size[1]], torch.uint16)
    whole = without_fixed_pattern(to_float(pixels))
    remove_fixed_pattern(pixels, device=torch.device("cpu"))
    torch.testing.assert_close(to_float(pixels), whole, atol=0.51 / 65535, rtol=0)
