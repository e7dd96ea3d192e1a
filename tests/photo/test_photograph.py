from dataclasses import replace

import pytest
import torch
from samples import picture

from styler.choices import PHOTO_ALPHA
from styler.images import Picture
from styler.images.pixels import quantized
from styler.photo.photograph import FIT_SIZE, looked_up_photo, photo_stylized, small_copy
from styler.transfer.stylizer import Stylizer

GREY = picture(48, 48, seed=1).mean(1, keepdim=True).expand(1, 3, 48, 48)[0]
VIVID = picture(48, 48, seed=2)[0]


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer("small", device="cpu", dtype="float32")


@pytest.fixture
def photo():
    return Picture.of(quantized(picture(40, 56), torch.uint8))


def photo_samples(stylizer, content, style=VIVID, **options):
    return photo_stylized(stylizer, content, style, **options).picture.samples.float() / 255


def test_strength_0_is_the_photograph_and_more_goes_on_the_same_way(stylizer, photo):
    assert photo_samples(stylizer, photo, alpha=0).mul(255).equal(photo.samples.float())
    half, full = (photo_samples(stylizer, photo, alpha=alpha) for alpha in (0.5, 1.0))
    torch.testing.assert_close(half, (photo.image + full) / 2, atol=1.01 / 255, rtol=0)
    usual = photo_samples(stylizer, photo)
    assert usual.equal(photo_samples(stylizer, photo, alpha=PHOTO_ALPHA))
    assert not usual.equal(full)


def test_a_grey_style_takes_the_colors_away(stylizer, photo):
    found = photo_samples(stylizer, photo, GREY, alpha=1)
    assert float(found.std(1).mean()) < 0.15 * float(photo.image.std(1).mean())


def test_a_flat_content_stays_flat(stylizer):
    found = photo_samples(stylizer, Picture.of(torch.full((1, 3, 40, 56), 0.4)), alpha=1)
    assert float(found.std((2, 3)).max()) < 1e-3


def test_16_bits_and_transparency_stay(stylizer):
    alpha = torch.zeros(1, 1, 40, 56, dtype=torch.uint16)
    alpha[..., :28] = 65535
    content = Picture(quantized(picture(40, 56), torch.uint16), alpha, depth=16)
    found = photo_stylized(stylizer, content, VIVID).picture
    assert (found.samples.dtype, found.depth) == (torch.uint16, 16)
    assert found.alpha is not None
    assert found.alpha.equal(alpha)
    values = found.samples[..., :28].to(torch.int32)
    assert len(values.remainder(257).unique()) > 100  # not 8 bits in 16
    hidden = content.samples.clone()
    hidden[..., 28:] = 0
    same = photo_stylized(stylizer, replace(content, samples=hidden), VIVID).picture.samples[..., :28]
    torch.testing.assert_close(same.float() / 65535, values.float() / 65535, atol=2e-3, rtol=0)
    unseen = replace(content, alpha=torch.zeros_like(alpha))
    assert photo_stylized(stylizer, unseen, VIVID).picture.samples.equal(content.samples)


def test_each_region_has_a_table_and_the_rest_stays(stylizer, photo):
    left, nothing = torch.zeros(40, 56, dtype=torch.bool), torch.zeros(40, 56, dtype=torch.bool)
    left[:, :28] = True
    result, grade = photo_stylized(stylizer, photo, None, regions=[(left, VIVID), (nothing, GREY)])
    assert len(grade.tables) == 3
    assert result.samples[..., 28:].equal(photo.samples[..., 28:])
    assert not result.samples[..., :28].equal(photo.samples[..., :28])
    kept = photo_samples(stylizer, photo, VIVID, keep=left)
    assert kept[..., :28].mul(255).equal(photo.samples[..., :28].float())
    untouched = photo_samples(stylizer, photo, None, regions=[(nothing, VIVID)], keep=left)
    assert untouched.mul(255).equal(photo.samples.float())


def test_several_styles_are_mixed(stylizer, photo):
    one, two, both = (
        photo_samples(stylizer, photo, [VIVID, GREY], weights=weights) for weights in ([1, 0], [0, 1], [1, 1])
    )
    assert one.equal(photo_samples(stylizer, photo, VIVID))
    assert not both.equal(one)
    assert not both.equal(two)


def test_a_large_photograph_is_fitted_in_small_and_looked_up_in_full():
    large = Picture.of(quantized(picture(40, 2 * FIT_SIZE), torch.uint8))
    assert small_copy(large).size == (20, FIT_SIZE)


def test_a_table_gives_the_picture_that_it_was_fitted_for(stylizer, photo):
    result, grade = photo_stylized(stylizer, photo, VIVID)
    assert looked_up_photo(photo, grade.tables[0]).samples.equal(result.samples)


def test_strengths_by_level_are_refused(stylizer, photo):
    with pytest.raises(ValueError, match="one alpha"):
        photo_stylized(stylizer, photo, VIVID, alpha={"relu1_1": 0.5})  # ty: ignore[invalid-argument-type]
    with pytest.raises(ValueError, match="alpha"):
        photo_stylized(stylizer, photo, VIVID, alpha=1.5)
