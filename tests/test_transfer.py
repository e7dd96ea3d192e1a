from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image

import styler
from styler.errors import StylerError
from styler.transfer import Stylizer

ASSETS = Path(__file__).parents[1] / "assets"


@pytest.fixture
def stylizer(tiny_file):
    return Stylizer(tiny_file, device="cpu", dtype="float32")


def test_what_comes_back_is_what_the_content_was(stylizer, picture_file):
    path, style = picture_file("photo.png", 30, 41), picture_file("style.png", seed=1)
    pil = Image.open(path)
    array = np.asarray(pil)
    tensor = picture(30, 41)
    assert stylizer.stylize(path, style).size == (41, 30)
    assert isinstance(stylizer.stylize(pil, style), Image.Image)
    result = stylizer.stylize(array, style)
    assert (result.shape, result.dtype) == (array.shape, array.dtype)
    assert stylizer.stylize(tensor, style).shape == tensor.shape
    assert stylizer.stylize(tensor[0], style).shape == tensor[0].shape


def test_every_kind_of_input_gives_the_same_picture(stylizer, picture_file):
    path, style = picture_file(), picture_file("style.png", seed=1)
    array = np.asarray(Image.open(path))
    from_path = np.asarray(stylizer.stylize(path, style))
    from_array = stylizer.stylize(array, Image.open(style))
    np.testing.assert_array_equal(from_path, from_array)


def test_the_inputs_are_left_alone(stylizer):
    content, style = picture(), picture(seed=1)
    before = content.clone(), style.clone()
    stylizer.stylize(content, style)
    torch.testing.assert_close((content, style), before, rtol=0, atol=0)


def test_a_style_is_encoded_once(stylizer, monkeypatch):
    calls = []
    encode = stylizer.model.encoder.pyramid
    monkeypatch.setattr(stylizer.model.encoder, "pyramid", lambda *args: calls.append(len(args)) or encode(*args))
    for _ in range(3):
        stylizer.stylize(picture(), picture(seed=1))
    assert len(calls) - 3 * 4 == 1  # the cascade walks the trunk once a level


def test_a_style_can_be_kept_and_given_back(stylizer):
    style = stylizer.style(picture(seed=1))
    torch.testing.assert_close(stylizer.stylize(picture(), style), stylizer.stylize(picture(), picture(seed=1)))


def test_size_is_the_longer_side_of_the_result(stylizer):
    assert stylizer.stylize(picture(30, 60), picture(seed=1), size=40).shape == (1, 3, 20, 40)


def test_the_size_of_the_style_matters(stylizer):
    large, small = (stylizer.stylize(picture(), picture(seed=1), style_size=size) for size in (64, 24))
    assert (large - small).abs().max() > 1e-3


def test_several_styles_are_mixed_by_weight(stylizer):
    one, other = picture(seed=1), picture(seed=2)
    alone = stylizer.stylize(picture(), one)
    torch.testing.assert_close(stylizer.stylize(picture(), [one, other], weights=[1, 0]), alone)
    assert (stylizer.stylize(picture(), [one, other]) - alone).abs().max() > 1e-3


def test_levels_run_coarse_to_fine_in_whatever_order_they_are_named(stylizer):
    one, other = (
        stylizer.stylize(picture(), picture(seed=1), levels=levels)
        for levels in (["relu1_1", "relu3_1"], ["relu3_1", "relu1_1"])
    )
    torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_level_without_a_decoder_is_an_error_that_lists_the_rest(stylizer):
    del stylizer.model.decoders["relu4_1"]
    with pytest.raises(StylerError, match="no decoder for relu4_1") as caught:
        stylizer.stylize(picture(), picture(), levels=["relu4_1"])
    assert "relu3_1, relu2_1, relu1_1" in caught.value.todo


@pytest.mark.parametrize("alpha", [-0.1, 1.5, float("nan")])
def test_alpha_out_of_range_is_refused(stylizer, alpha):
    with pytest.raises(ValueError, match="alpha"):
        stylizer.stylize(picture(), picture(), alpha=alpha)


def test_the_package_offers_it_by_name():
    result = styler.stylize(picture(24, 24), picture(24, 24, seed=1), alpha=0.5)
    assert result.shape == (1, 3, 24, 24)
    assert styler.Stylizer is Stylizer


@pytest.mark.parametrize(("content", "style"), [("astronaut", "night"), ("cat", "woodcut")])
def test_half_precision_hardly_changes_the_shipped_models_pictures(content, style):
    pair = [ASSETS / f"{name}.jpg" for name in (content, style)]
    exact, half = (
        np.asarray(Stylizer(dtype=dtype, device="cpu").stylize(*pair, size=256), dtype=float)
        for dtype in ("float32", "bfloat16")
    )
    assert np.abs(exact - half).mean() <= 4
