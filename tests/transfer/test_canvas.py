import gc
import weakref

import pytest
import torch
from samples import picture

from styler.choices import LEVELS
from styler.model.vgg import stride
from styler.transfer.canvas import Canvas, FeatureMap, allocate_feature_buffer, float_part, largest_first, like_canvas
from styler.transfer.tiling import Box

CPU = torch.device("cpu")


def test_a_single_tile_is_in_floats():
    image = picture(16, 24)
    assert Canvas(image, tile=None, device=CPU).images.equal(image)


def test_a_canvas_is_padded_and_its_images_are_not():
    canvas = Canvas(picture(17, 23), tile=None, device=CPU)
    assert canvas.pixels.shape == (1, 3, 24, 24)
    assert canvas.images.equal(picture(17, 23))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_integers_are_full_scale(dtype):
    image = torch.tensor([0, torch.iinfo(dtype).max], dtype=torch.int64).to(dtype).view(1, 1, 1, 2)
    assert float_part(image, Box(0, 0, 1, 2)).flatten().tolist() == [0.0, 1.0]


def test_tiles_are_held_to_16_bits():
    image = picture(16, 24)
    pixels = Canvas(image, tile=8, device=CPU).pixels
    assert pixels.dtype == torch.uint16
    torch.testing.assert_close(float_part(pixels, Box(0, 0, 16, 24)), image, rtol=0, atol=0.5 / 65535 + 1e-7)


def test_an_image_goes_back_as_it_came():
    pixels = Canvas(picture(16, 24), tile=8, device=CPU).pixels
    part = float_part(pixels, Box(8, 0, 16, 16))
    assert like_canvas(pixels, part).equal(pixels[..., 8:16, 0:16])


@pytest.mark.parametrize("tile", [None, 8, 16])
def test_repainting_shows_each_tile_what_was_there_a_tile_above_and_below(tile):
    canvas = Canvas(picture(40, 24), tile=tile, device=CPU)
    before = float_part(canvas.pixels, Box(0, 0, 40, 24)).clone()

    def inverted(box):
        area = box.grown(8, 40, 24)
        seen = float_part(canvas.pixels, area)
        rows = slice(max(0, area.top, box.top - 8), area.bottom)
        below = before[..., max(box.top, rows.start) : area.bottom, area.left : area.right]
        assert seen[..., below.shape[-2] * -1 :, :].equal(below)  # nothing below the box's top is painted yet
        return 1 - float_part(canvas.pixels, box)

    canvas.repaint(inverted)
    after = float_part(canvas.pixels, Box(0, 0, 40, 24))
    torch.testing.assert_close(after, 1 - before, rtol=0, atol=1 / 65535)


def test_tiles_with_neighbours_on_all_sides_come_first():
    tiles = Canvas(picture(24, 32), tile=8, device=CPU).tiles
    order = largest_first(tiles)
    assert sorted(order) == sorted(box for row in tiles for box in row)
    assert order[:2] == [Box(8, 8, 16, 16), Box(8, 16, 16, 24)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kept_bytes", [0, 2**20])
def test_tiles_have_the_features_of_the_whole(tiny_model, level, kept_bytes):
    canvas = Canvas(picture(120, 96), tile=40, device=CPU)
    buffer = allocate_feature_buffer(tiny_model.encoder, [level], canvas, kept_bytes)
    features = FeatureMap(tiny_model.encoder, level, canvas, buffer)
    for box in (box for row in canvas.tiles for box in row):
        features.encode(box)
    area = Box(24, 8, 88, 96)
    whole = float_part(canvas.pixels, Box(0, 0, 120, 96))
    wanted = tiny_model.encoder(whole, level)[..., *area.within(Box(0, 0, 120, 96), stride=stride(level))]
    torch.testing.assert_close(features[area], wanted, rtol=1e-4, atol=1e-5)


def test_what_fits_is_not_computed_twice(tiny_model, monkeypatch):
    canvas = Canvas(picture(64, 64), tile=32, device=CPU)
    kept, other = (
        FeatureMap(
            tiny_model.encoder,
            "relu4_1",
            canvas,
            allocate_feature_buffer(tiny_model.encoder, ["relu4_1"], canvas, size),
        )
        for size in (2560, 2559)
    )
    for features in (kept, other):  # 10 channels, 8 x 8 cells, 4 bytes
        for box in (box for row in canvas.tiles for box in row):
            features.encode(box)
    monkeypatch.setattr(tiny_model.encoder, "pyramid", lambda *_: pytest.fail("encoded again"))
    assert kept[Box(0, 0, 64, 64)].shape == (1, 10, 8, 8)
    with pytest.raises(pytest.fail.Exception):
        other[Box(0, 0, 64, 64)]


def test_one_buffer_serves_all_levels_that_fit(tiny_model):
    canvas = Canvas(picture(64, 64), tile=32, device=CPU)

    def length(levels, max_bytes):
        return len(allocate_feature_buffer(tiny_model.encoder, levels, canvas, max_bytes))

    sizes = {level: length([level], 2**20) for level in LEVELS}
    assert sizes == {"relu4_1": 10 * 8**2, "relu3_1": 8 * 16**2, "relu2_1": 6 * 32**2, "relu1_1": 4 * 64**2}
    assert length(LEVELS, 2**20) == sizes["relu1_1"]
    assert length(LEVELS, 4 * sizes["relu1_1"] - 1) == sizes["relu2_1"]
    assert length(LEVELS, 0) == 0


def test_the_buffer_is_freed_with_the_features_without_a_collection(tiny_model):
    canvas = Canvas(picture(40, 48), tile=None, device=torch.device("cpu"))
    buffer = allocate_feature_buffer(tiny_model.encoder, LEVELS, canvas, 1 << 20)
    features, found = FeatureMap(tiny_model.encoder, "relu1_1", canvas, buffer), weakref.ref(buffer)
    gc.disable()
    try:
        features.encode(Box(0, 0, 40, 48))
        del features, buffer
        assert found() is None
    finally:
        gc.enable()
