import pytest
import torch
from conftest import picture

from styler.feature_map import FeatureMap, new_room
from styler.tiling import Box, grid
from styler.vgg import LEVELS, stride


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kept_bytes", [0, 2**20])
def test_tiles_have_the_features_of_the_whole(tiny_model, level, kept_bytes):
    canvas = picture(120, 96)
    features = FeatureMap(tiny_model.encoder, level, canvas, new_room(tiny_model.encoder, [level], canvas, kept_bytes))
    for box in (box for row in grid(120, 96, 40) for box in row):
        features.first(box)
    area = Box(24, 8, 88, 96)
    wanted = tiny_model.encoder(canvas, level)[..., *area.within(Box(0, 0, 120, 96), stride=stride(level))]
    torch.testing.assert_close(features.again(area), wanted, rtol=1e-4, atol=1e-5)


def test_what_fits_is_not_computed_twice(tiny_model, monkeypatch):
    canvas = picture(64, 64)
    kept, other = (
        FeatureMap(tiny_model.encoder, "relu4_1", canvas, new_room(tiny_model.encoder, ["relu4_1"], canvas, size))
        for size in (2560, 2559)
    )
    for features in (kept, other):  # 10 channels, 8 x 8 cells, 4 bytes
        for box in (box for row in grid(64, 64, 32) for box in row):
            features.first(box)
    monkeypatch.setattr(tiny_model.encoder, "pyramid", lambda *_: pytest.fail("encoded again"))
    kept.again(Box(0, 0, 64, 64))
    with pytest.raises(pytest.fail.Exception):
        other.again(Box(0, 0, 64, 64))


def test_one_room_serves_all_levels_that_fit(tiny_model):
    canvas = picture(64, 64)
    sizes = {level: len(new_room(tiny_model.encoder, [level], canvas, 2**20)) for level in LEVELS}
    assert sizes == {"relu4_1": 10 * 8**2, "relu3_1": 8 * 16**2, "relu2_1": 6 * 32**2, "relu1_1": 4 * 64**2}
    assert len(new_room(tiny_model.encoder, LEVELS, canvas, 2**20)) == sizes["relu1_1"]
    assert len(new_room(tiny_model.encoder, LEVELS, canvas, 4 * sizes["relu1_1"] - 1)) == sizes["relu2_1"]
    assert len(new_room(tiny_model.encoder, LEVELS, canvas, 0)) == 0
