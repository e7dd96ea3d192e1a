import pytest
import torch
from samples import picture

from styler.images.pixels import quantized, to_float
from styler.photo import lookup
from styler.photo.color_table import ColorTable, identity_table
from styler.photo.lookup import graded, looked_up

RANDOM = torch.rand(4, 4, 4, 3, generator=torch.Generator().manual_seed(1))


def test_a_color_is_interpolated_between_eight_entries():
    found = looked_up(torch.tensor([0.5, 1 / 3, 2 / 3]).view(1, 3, 1, 1), RANDOM, (0, 0, 0), (1, 1, 1))
    torch.testing.assert_close(found.flatten(), (RANDOM[2, 1, 1] + RANDOM[2, 1, 2]) / 2)


def test_colors_beyond_the_ends_take_the_border():
    colors = torch.tensor([[-1.0, 0.2], [0.3, 3.0], [0.9, -0.1]]).view(1, 3, 1, 2)
    clamped = looked_up(colors.clamp(0.25, 0.75), RANDOM, (0.25,) * 3, (0.75,) * 3)
    torch.testing.assert_close(looked_up(colors, RANDOM, (0.25,) * 3, (0.75,) * 3), clamped)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.float32])
def test_the_identity_changes_no_sample(dtype):
    image = picture(16, 24)
    samples = image if dtype.is_floating_point else quantized(image, dtype)
    found = graded(samples, [identity_table()])
    assert found.dtype == dtype
    torch.testing.assert_close(to_float(found), to_float(samples), atol=1e-6, rtol=0)


def test_strips_give_the_picture_as_a_whole(monkeypatch):
    samples, table = quantized(picture(37, 20), torch.uint16), ColorTable(RANDOM)
    whole = graded(samples, [table])
    monkeypatch.setattr(lookup, "STRIP", 60)
    assert graded(samples, [table]).equal(whole)


def test_masks_mix_the_tables_and_kept_areas_stay():
    image, inverse = picture(8, 8), ColorTable(1 - identity_table(4).values)
    mask, keep = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    mask[..., :4], mask[..., 4], keep[..., :2] = 1, 0.25, 1
    found = graded(image, [identity_table(), inverse], mask, keep)
    torch.testing.assert_close(found[..., :2], image[..., :2])
    torch.testing.assert_close(found[..., 2:4], 1 - image[..., 2:4])
    torch.testing.assert_close(found[..., 4], 0.75 * image[..., 4] + 0.25 * (1 - image[..., 4]))
    torch.testing.assert_close(found[..., 5:], image[..., 5:])
