from dataclasses import replace

import pytest
import torch
from samples import picture

from styler.choices import LEVELS
from styler.transfer.cascade import cascade
from styler.transfer.seeding import (
    MARGIN,
    ROUGHEST,
    SMOOTHEST,
    STRONGEST,
    amplitude_of,
    deviation_counts,
    local_deviation,
    noise_sheets,
    roughness_of,
    seeded,
)
from styler.transfer.style import mixed_style, style_of

FLAT = torch.full((1, 3, 96, 112), 0.5)
ALL = torch.tensor([[[[0.02]]]])


def test_the_deviation_is_that_of_the_window_of_nine_pixels():
    image = torch.rand(1, 3, 20, 20)
    luminance = (image * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1)
    expected = luminance[0, 3:12, 6:15].std(correction=0)
    torch.testing.assert_close(local_deviation(image)[0, 0, 7, 10], expected)


def test_roughness_is_the_lower_quartile_of_the_deviations():
    deviation = torch.linspace(0, 0.4, 1000).view(1, 1, 20, 50)
    assert roughness_of(deviation_counts(deviation)).item() == pytest.approx(0.1, abs=5e-4)
    weights = (deviation > 0.2).float()
    assert roughness_of(deviation_counts(deviation, weights)).item() == pytest.approx(0.25, abs=5e-4)


def test_clean_paper_gives_no_noise_and_rough_paint_the_strongest():
    assert amplitude_of(0) == amplitude_of(SMOOTHEST) == 0
    assert amplitude_of((SMOOTHEST + ROUGHEST) / 2) == pytest.approx(STRONGEST / 2)
    assert amplitude_of(ROUGHEST) == amplitude_of(0.3) == STRONGEST


def test_noise_is_as_strong_as_asked_and_only_on_flat_parts():
    noise = seeded(FLAT, ALL) - FLAT
    assert float(noise.std()) == pytest.approx(0.02, rel=0.2)
    busy = torch.rand(1, 3, 96, 112)
    assert float((seeded(busy, ALL) - busy).abs().max()) < 1e-3
    assert torch.equal(seeded(FLAT, 0 * ALL), FLAT)


def test_noise_is_not_clamped():
    assert float(seeded(torch.zeros_like(FLAT), ALL).min()) < -0.01


def test_a_part_gets_the_noise_of_the_whole_picture():
    image = 0.5 + 0.02 * picture(600, 64)
    whole = seeded(image, ALL)
    part = seeded(image[..., 300 - MARGIN :, :], ALL, top=300 - MARGIN)
    torch.testing.assert_close(part[..., MARGIN:, :], whole[..., 300:, :], rtol=0, atol=1e-5)


def test_noise_does_not_repeat_within_a_large_picture():
    flat = torch.full((1, 3, 16, 2000), 0.5)
    noise = (seeded(flat, ALL) - flat)[0, :, :, :200].flatten()
    for left in (240, 272, 480, 544, 1088):
        other = (seeded(flat, ALL) - flat)[0, :, :, left : left + 200].flatten()
        assert abs(float(torch.corrcoef(torch.stack([noise, other]))[0, 1])) < 0.75, left


def test_a_flat_picture_takes_on_texture_the_same_in_tiles(tiny_model):
    style = replace(style_of(tiny_model.encoder, picture(96, 96, seed=3)), roughness=(ROUGHEST,))
    flat = torch.full((1, 3, 300, 280), 0.5)
    still, alive = (cascade(tiny_model, flat, style, seed_flats=on) for on in (False, True))
    assert float(still.std((2, 3)).max()) < 1e-3 < float(alive.std((2, 3)).min())
    in_tiles = cascade(tiny_model, flat, style, tile=128)
    torch.testing.assert_close(in_tiles.float() / 65535, alive, rtol=0, atol=2e-3)


def test_each_region_gets_the_noise_of_its_style(tiny_model):
    rough = replace(style_of(tiny_model.encoder, picture(96, 96, seed=3)), roughness=(ROUGHEST,))
    smooth = replace(rough, roughness=(0.0,))
    masks = torch.zeros(1, 1, 160, 160)
    masks[..., 80:] = 1
    result = cascade(tiny_model, torch.full((1, 3, 160, 160), 0.5), [smooth, rough], masks=masks)
    assert float(result[..., :20].std((2, 3)).max()) < 0.3 * float(result[..., 140:].std((2, 3)).min())


def test_noise_fades_with_the_strength(tiny_model):
    style = replace(style_of(tiny_model.encoder, picture(64, 64, seed=3)), roughness=(ROUGHEST,))
    none, plain = (cascade(tiny_model, FLAT, style, alpha=0.0, seed_flats=on) for on in (True, False))
    assert torch.equal(none, plain)


def test_roughness_is_the_same_in_tiles_and_averaged_in_mixtures(tiny_model):
    image = picture(200, 216)
    whole, tiled = (style_of(tiny_model.encoder, image, LEVELS, tile=tile) for tile in (None, 64))
    assert tiled.roughness == pytest.approx(whole.roughness, abs=5e-4)
    mixed = mixed_style([replace(whole, roughness=(0.02,)), replace(whole, roughness=(0.06,))], [3, 1])
    assert mixed.roughness == pytest.approx((0.03,))


def test_noise_is_exact_in_half_precision_and_of_deviation_one():
    for period, sheet in noise_sheets().items():
        assert sheet.shape == (3, period, period)
        assert torch.equal(sheet, sheet.half().float())
        assert abs(float(sheet.std()) - 1) < 1e-3
