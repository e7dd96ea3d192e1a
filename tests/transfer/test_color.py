import pytest
import torch
from samples import picture

from styler.images.pixels import luminance
from styler.transfer import color
from styler.transfer.color import colors_of, recolored, with_kept_content, with_luminance
from styler.transfer.moments import Moments, moments_of

YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def muted(height: int = 30, width: int = 41, *, seed: int = 0) -> torch.Tensor:
    """Return a picture in the middle of the gamut, where nothing is clamped."""
    return 0.35 + 0.3 * picture(height, width, seed=seed)


def in_ycbcr(images: torch.Tensor) -> torch.Tensor:
    return torch.einsum("yc,bchw->byhw", YCBCR, images)


def test_the_luminance_of_a_grey_picture_is_its_grey():
    grey = torch.rand(2, 1, 5, 7)
    torch.testing.assert_close(luminance(grey.expand(-1, 3, -1, -1)), grey)


def test_with_luminance_keeps_chroma_and_takes_luminance():
    one, other = muted(), muted(seed=1)
    found, mine, theirs = (in_ycbcr(x) for x in (with_luminance(one, other), one, other))
    torch.testing.assert_close(found[:, 1:], mine[:, 1:], rtol=0, atol=1e-5)
    torch.testing.assert_close(found[:, :1], theirs[:, :1], rtol=0, atol=1e-5)


def test_with_its_own_luminance_a_picture_is_itself():
    torch.testing.assert_close(with_luminance(picture(), picture()), picture(), rtol=0, atol=1e-6)


def test_recolored_pictures_have_the_mean_and_the_covariance():
    wanted = colors_of(muted(seed=1))
    found = moments_of(recolored(muted(), wanted).double())
    torch.testing.assert_close(found.mean, wanted.mean.double(), rtol=0, atol=1e-5)
    torch.testing.assert_close(found.covariance, wanted.covariance.double(), rtol=0.02, atol=2e-5)


def test_a_picture_in_its_own_colours_is_itself():
    torch.testing.assert_close(recolored(muted(), colors_of(muted())), muted(), rtol=0, atol=1e-3)


def test_one_style_is_recolored_for_each_of_several_contents():
    contents = torch.cat([muted(seed=1), muted(seed=2)])
    both = recolored(muted(), colors_of(contents))
    alone = [recolored(muted(), colors_of(content[None])) for content in contents]
    torch.testing.assert_close(both, torch.cat(alone), rtol=0, atol=1e-5)


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_flat_picture_is_recolored_without_breaking(grey):
    result = recolored(torch.full((1, 3, 4, 4), grey), colors_of(muted()))
    assert result.isfinite().all()
    assert 0 <= result.min() <= result.max() <= 1


def test_colours_are_those_of_the_whole_whatever_the_parts(monkeypatch):
    samples = (picture(50, 70) * 255).to(torch.uint8)
    whole = moments_of(samples.float() / 255)
    monkeypatch.setattr(color, "TILE", 16)
    torch.testing.assert_close(tuple(colors_of(samples)), tuple(whole), rtol=1e-4, atol=1e-6)


def test_colours_of_16_bits_are_those_of_floats():
    samples = (picture() * 65535).to(torch.uint16)
    torch.testing.assert_close(tuple(colors_of(samples)), tuple(colors_of(picture())), rtol=0, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.uint16])
def test_where_the_mask_is_white_the_content_stays_to_the_bit(dtype):
    full = 1 if dtype.is_floating_point else torch.iinfo(dtype).max
    stylized, content = ((picture(seed=seed) * full).to(dtype) for seed in (1, 2))
    keep = torch.zeros(1, 1, 48, 64, dtype=torch.uint8)
    keep[..., 30:] = 255
    before = stylized.clone()
    result = with_kept_content(stylized, content, keep=keep)
    assert result[..., 30:].equal(content[..., 30:])
    assert result[..., :30].equal(before[..., :30])


def test_a_grey_mask_blends():
    keep = torch.full((1, 1, 48, 64), 0.25)
    expected = 0.75 * picture(seed=1) + 0.25 * picture(seed=2)
    torch.testing.assert_close(with_kept_content(picture(seed=1), picture(seed=2), keep=keep), expected)


def test_luma_keeps_the_colours_of_the_content():
    content, stylized = muted(), muted(seed=1)
    found = in_ycbcr(with_kept_content(stylized.clone(), content, preserve_color="luma"))
    torch.testing.assert_close(found[:, 1:], in_ycbcr(content)[:, 1:], rtol=0, atol=1e-5)
    torch.testing.assert_close(found[:, :1], luminance(stylized), rtol=0, atol=1e-5)


def test_a_grey_content_stays_grey_by_luma():
    grey = picture()[:, :1].expand(-1, 3, -1, -1)
    result = with_kept_content(picture(seed=1), grey, preserve_color="luma")
    torch.testing.assert_close(result, result[:, :1].expand_as(result), rtol=0, atol=1e-6)


def test_parts_do_not_show(monkeypatch):
    content, keep = picture(50, 70), torch.rand(1, 1, 50, 70)
    whole = with_kept_content(picture(50, 70, seed=1), content, preserve_color="luma", keep=keep)
    monkeypatch.setattr(color, "TILE", 16)
    torch.testing.assert_close(
        with_kept_content(picture(50, 70, seed=1), content, preserve_color="luma", keep=keep), whole
    )


@pytest.mark.parametrize("colors", ["none", "match"])
def test_nothing_changes_where_nothing_is_asked(colors):
    assert with_kept_content(picture(), picture(seed=1), preserve_color=colors).equal(picture())


def test_recoloring_moves_each_colour_the_least():
    one, wanted = muted(), colors_of(muted(seed=1))
    least = (recolored(one, wanted) - one).square().mean()
    mean, covariance = moments_of(one)
    turned = torch.linalg.cholesky(wanted.covariance) @ torch.linalg.inv(torch.linalg.cholesky(covariance))
    other = torch.einsum("bij,bjn->bin", turned, one.flatten(2) - mean[..., None]) + wanted.mean[..., None]
    assert least < (other - one.flatten(2)).square().mean()
    assert isinstance(wanted, Moments)
