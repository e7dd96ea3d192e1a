import pytest
import torch
from samples import picture

from styler.choices import LEVELS
from styler.transfer.cascade import Maps, cascade
from styler.transfer.moments import mixed_moments, moments_of
from styler.transfer.style import style_of
from styler.video.shot_maps import load_maps, save_maps, shot_maps


@pytest.fixture
def look(tiny_model):
    return style_of(tiny_model.encoder, picture(40, 40, seed=9))


@pytest.mark.parametrize("seed_flats", [False, True])
def test_maps_of_one_frame_are_those_of_the_cascade(seed_flats, tiny_model, look):
    frame, maps = picture(), Maps()
    expected = cascade(tiny_model, frame, look, maps=maps, seed_flats=seed_flats)
    found = shot_maps(tiny_model, [frame], [look], seed_flats=seed_flats)
    for level in LEVELS:
        torch.testing.assert_close(found[level][0].matrix, maps[level][0].matrix, atol=1e-4, rtol=1e-4)
    result = cascade(tiny_model, frame, look, maps=found, seed_flats=seed_flats)
    torch.testing.assert_close(result, expected, atol=1e-4, rtol=0)


def test_frames_together_have_the_moments_of_the_style(tiny_model, look):
    frames = [picture(seed=k) for k in range(4)]
    maps = shot_maps(tiny_model, frames, [look], levels=("relu4_1",))
    (affine,) = maps["relu4_1"]
    features = [tiny_model.encoder(frame, "relu4_1") for frame in frames]
    mapped = [(affine.matrix @ (x.flatten(2) - affine.center[..., None]) + affine.target[..., None]) for x in features]
    found = mixed_moments([moments_of(x[..., None]) for x in mapped], [1.0] * 4)
    torch.testing.assert_close(found.mean, look["relu4_1"].mean, atol=1e-3, rtol=1e-3)
    apart = (found.covariance - look["relu4_1"].covariance).norm() / look["relu4_1"].covariance.norm()
    assert float(apart) < 0.05


def test_regions_have_maps_of_their_own_and_empty_ones_none(tiny_model, look):
    other = style_of(tiny_model.encoder, picture(40, 40, seed=5))
    left = torch.zeros(1, 1, 48, 64)
    left[..., :32] = 1
    whole = [left, torch.zeros_like(left)]
    masks = [torch.cat([mask, torch.zeros_like(mask)]) for mask in whole]
    maps = shot_maps(tiny_model, [picture(), picture(seed=1)], [look, other, look], masks=masks)
    assert [affine is None for affine in maps["relu3_1"]] == [False, False, True]


def test_maps_come_out_of_a_file_as_they_went_in(tiny_model, look, tmp_path):
    maps = shot_maps(tiny_model, [picture()], [look])
    maps["relu4_1"].append(None)
    save_maps(maps, tmp_path / "maps.safetensors")
    again = load_maps(tmp_path / "maps.safetensors", torch.device("cpu"))
    assert list(again) == list(maps)
    assert again["relu4_1"][1] is None
    for level in LEVELS:
        for one, two in zip(maps[level][0], again[level][0], strict=True):
            assert torch.equal(one, two)
