import pytest
import torch
from samples import picture

from styler.model.weights import load_model
from styler.transfer.cascade import cascade
from styler.transfer.moments import moments_of
from styler.transfer.regions import RegionalMoments, shares_of
from styler.transfer.style import style_of
from styler.transfer.tiling import Box

CPU = torch.device("cpu")


def halves(height: int = 48, width: int = 64) -> torch.Tensor:
    mask = torch.zeros(1, 1, height, width)
    mask[..., width // 2 :] = 1
    return mask


def test_shares_sum_to_one_and_overlapping_masks_share():
    masks = torch.cat([halves(), torch.ones(1, 1, 48, 64), halves().flip(-1) * 0.25])
    shares = shares_of(masks, Box(0, 0, 48, 64), "relu3_1", device=CPU)
    assert shares.shape == (4, 1, 12, 16)
    torch.testing.assert_close(shares.sum(0), torch.ones(1, 12, 16))
    torch.testing.assert_close(shares[:, 0, 0, -1], torch.tensor([0, 0.5, 0.5, 0]))
    torch.testing.assert_close(shares[:, 0, 0, 0], torch.tensor([0, 0, 0.8, 0.2]))


def test_integer_masks_are_full_scale():
    masks = (halves() * 255).to(torch.uint8)
    box = Box(0, 0, 48, 64)
    torch.testing.assert_close(
        shares_of(masks, box, "relu2_1", device=CPU), shares_of(halves(), box, "relu2_1", device=CPU)
    )


def test_a_large_region_has_moments_of_its_own():
    features = torch.randn(1, 4, 200, 200).cumsum(3)
    shares = torch.cat([1 - halves(200, 200), halves(200, 200)])
    regions = RegionalMoments(2)
    regions.add(features, shares)
    for found, part in zip(regions.shrunk(), features.split(100, dim=3), strict=True):
        torch.testing.assert_close(found.mean, moments_of(part).mean, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(found.covariance, moments_of(part).covariance, rtol=1e-2, atol=1e-2)


def test_a_region_of_everything_has_the_moments_of_everything():
    features = torch.randn(1, 6, 10, 10)
    regions = RegionalMoments(2)
    regions.add(features, torch.cat([torch.zeros(1, 1, 10, 10), torch.ones(1, 1, 10, 10)]))
    nothing, everything = regions.shrunk()
    assert nothing is None
    torch.testing.assert_close(everything, moments_of(features))


@pytest.mark.parametrize("pixels", [0, 1, 5])
def test_a_region_of_few_pixels_changes_little_and_breaks_nothing(tiny_model, pixels):
    image, mask = picture(), torch.zeros(1, 1, 48, 64)
    mask[0, 0, 20, :pixels] = 1
    one, other = (style_of(tiny_model.encoder, picture(seed=seed)) for seed in (1, 2))
    result, plain = cascade(tiny_model, image, [one, other], masks=mask), cascade(tiny_model, image, one)
    assert result.isfinite().all()
    assert (result - plain).abs().mean() < (0.02 if pixels else 1e-3)


def test_each_region_takes_its_style():
    model, image = load_model("small"), picture(96, 128)
    dark, light = (style_of(model.encoder, picture(seed=3) * 0.2 + shift) for shift in (0.0, 0.8))
    left, right = cascade(model, image, [dark, light], masks=halves(96, 128)).split(64, dim=3)
    assert left[..., :48].mean() < 0.3 < 0.7 < right[..., 16:].mean()


def test_one_style_in_all_regions_is_that_style(tiny_model):
    image, mask = picture(96, 128), torch.rand(2, 1, 96, 128)
    style = style_of(tiny_model.encoder, picture(seed=1))
    regions = cascade(tiny_model, image, [style] * 3, masks=mask)
    assert (regions - cascade(tiny_model, image, style)).abs().mean() < 0.02
