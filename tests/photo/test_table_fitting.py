import pytest
import torch
from samples import picture

from styler.photo.color_table import identity_table, largest_fall
from styler.photo.lookup import graded
from styler.photo.table_fitting import MAX_GAIN, fitted_table, least_squares_map, mapped
from styler.transfer.moments import moments_of

WARM = torch.tensor([[0.7, 0.1, 0.0], [0.1, 0.6, 0.1], [0.0, 0.0, 0.5]])
OFFSET = torch.tensor([0.2, 0.1, 0.05])


def grained(image: torch.Tensor, deviation: float = 0.05) -> torch.Tensor:
    """Return a picture with grain, as strokes are to its colors."""
    return image + deviation * torch.randn(image.shape)


def test_an_affine_map_is_found():
    image = picture(64, 64)
    matrix, offset = least_squares_map(image, mapped(image, WARM, OFFSET), torch.ones(1, 1, 64, 64))
    torch.testing.assert_close(matrix, WARM, atol=0.02, rtol=0)
    torch.testing.assert_close(offset, OFFSET, atol=0.02, rtol=0)


def test_a_change_of_colors_is_repeated_and_strokes_are_not():
    image = picture(64, 64)
    wanted = mapped(image, WARM, OFFSET).square() + 0.1
    found = graded(image, [fitted_table(image, wanted)])
    assert float((found - wanted).abs().mean()) < 0.01
    apart = graded(image, [fitted_table(image, grained(wanted))]) - wanted
    assert float(apart.abs().mean()) < 0.03


def test_the_result_has_the_moments_of_the_stylized_picture():
    image = picture(64, 64)
    stylized = grained(mapped(image, WARM, OFFSET))
    found, wanted = (moments_of(x) for x in (graded(image, [fitted_table(image, stylized)]), stylized))
    torch.testing.assert_close(found.mean, wanted.mean, atol=5e-3, rtol=0)
    torch.testing.assert_close(found.covariance, wanted.covariance, atol=2e-3, rtol=0)


@pytest.mark.parametrize("noise", [0.0, 0.004])
def test_a_flat_picture_takes_the_color_without_noise(noise):
    flat = (torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1) + noise * torch.randn(1, 3, 32, 32)).clamp(0, 1)
    stylized = grained(torch.tensor([0.7, 0.3, 0.2]).view(1, 3, 1, 1).expand_as(flat), 0.1)
    found = graded(flat, [fitted_table(flat, stylized)])
    torch.testing.assert_close(found.mean((2, 3)), stylized.mean((2, 3)), atol=0.02, rtol=0)
    assert float(found.std((2, 3)).max()) <= 2 * MAX_GAIN * noise + 1e-6


def test_two_colors_become_two_colors():
    half = torch.arange(32).view(1, 1, 1, 32) < 16
    image = torch.where(half, torch.tensor([0.9, 0.1, 0.1]).view(1, 3, 1, 1), 0.2).expand(1, 3, 32, 32)
    stylized = torch.where(half, torch.tensor([0.1, 0.8, 0.4]).view(1, 3, 1, 1), 0.6).expand(1, 3, 32, 32)
    found = graded(image, [fitted_table(image, grained(stylized, 0.02))])
    assert float((found - stylized).abs().max()) < 0.04


def test_pixels_without_weight_do_not_count():
    image, stylized, weights = picture(32, 32), picture(32, 32, seed=1), torch.ones(1, 1, 32, 32)
    weights[..., 16:] = 0
    other = stylized.clone()
    other[..., 16:] = 0
    torch.testing.assert_close(fitted_table(image, other, weights), fitted_table(image, stylized, weights))
    assert fitted_table(image, stylized, torch.zeros(1, 1, 32, 32)).values.equal(identity_table().values)


def test_greys_keep_their_order():
    image = torch.rand(1, 1, 64, 64).expand(1, 3, 64, 64)
    stylized = image + 0.3 * torch.sin(40 * image)  # falls and rises with the luminance
    table = fitted_table(image, stylized)
    assert largest_fall(table) <= 1 / 255
    assert table.values.min() >= 0
    assert table.values.max() <= 1
