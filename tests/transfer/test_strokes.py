from dataclasses import replace

import pytest
import torch
from samples import picture

from styler.images import Picture
from styler.transfer.strokes import reduced, reduction_of, with_strokes
from styler.transfer.stylizer import Stylizer


def test_strokes_have_names_and_numbers():
    assert [reduction_of(one) for one in ("fine", "bold", 1, 3)] == [1, 2, 1, 3]


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (40, 33)])
@pytest.mark.parametrize("factor", [2, 3])
def test_the_small_picture_is_rounded_up_and_keeps_the_mean_of_squares(size, factor):
    small = reduced(picture(*size), factor)
    assert small.shape[-2:] == tuple(-(-side // factor) for side in size)
    if min(size) >= factor:
        torch.testing.assert_close(small[0, :, 0, 0], picture(*size)[0, :, :factor, :factor].mean((1, 2)))


def test_half_of_the_small_result_is_mixed_in():
    images, small = torch.full((1, 3, 21, 30), 0.2), torch.full((1, 3, 11, 15), 0.6)
    torch.testing.assert_close(with_strokes(images, small, 2), torch.full((1, 3, 21, 30), 0.4))


def test_a_ramp_is_enlarged_in_place():
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 16, 64)
    result = with_strokes(ramp, reduced(ramp, 2), 2)
    torch.testing.assert_close(result[..., 2:-2], ramp[..., 2:-2], rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.float32])
def test_parts_of_a_large_picture_meet_without_a_seam(dtype, monkeypatch):
    images = picture(70, 101)
    images = images if dtype.is_floating_point else (images * torch.iinfo(dtype).max).to(dtype)
    small = reduced(images, 2)
    whole = with_strokes(images, small, 2)
    monkeypatch.setattr("styler.transfer.strokes.CELLS", 8)
    assert torch.equal(reduced(images, 2), small)
    torch.testing.assert_close(
        with_strokes(images, small, 2), whole, rtol=0, atol=1e-6 if small.is_floating_point() else 0
    )


def test_bold_strokes_work_with_masks_and_transparency_in_tiles_too(tiny_file):
    stylizer, content = Stylizer(tiny_file, dtype="float32"), Picture.of(picture(96, 120))
    content = replace(content, alpha=torch.full((1, 1, 96, 120), 0.5))
    mask = torch.zeros(96, 120)
    mask[:, :60] = 1
    options = {"regions": [(mask, picture(seed=2))], "strokes": "bold", "seed_flats": False}
    whole = stylizer.stylize(content, picture(seed=1), tile=0, **options)
    torch.testing.assert_close(
        stylizer.stylize(content, picture(seed=1), tile=64, **options).image, whole.image, rtol=0, atol=0.02
    )
    fine = stylizer.stylize(content, picture(seed=1), tile=0, **(options | {"strokes": "fine"}))
    assert (fine.image - whole.image).abs().max() > 0.02
