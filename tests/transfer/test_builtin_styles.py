"""Names of built-in styles in the library: wherever a style goes."""

import pytest
import torch
from samples import picture

import styler
from styler.errors import StylerError
from styler.model.style_catalog import builtin_style_files
from styler.transfer.stylizer import Stylizer


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer("small", device="cpu", dtype="float32")


def test_a_name_is_its_file(stylizer):
    content, path = picture(), builtin_style_files("irises")["small"]
    torch.testing.assert_close(stylizer.stylize(content, "irises"), stylizer.stylize(content, path), rtol=0, atol=0)


def test_names_are_mixed_and_go_into_regions(stylizer):
    content, mask = picture(), torch.zeros(48, 64, dtype=torch.bool)
    mask[:, :32] = True
    mixed = stylizer.stylize(content, ["irises", "kiss"], weights=[0.3, 0.7])
    parts = stylizer.stylize(content, "irises", regions=[(mask, "kiss")])
    assert mixed.shape == parts.shape == content.shape
    assert float((mixed - parts).abs().max()) > 0.01


def test_the_style_of_a_name_has_its_credits(stylizer):
    (source,) = stylizer.style("great-wave").sources
    assert source["painter"].startswith("Katsushika Hokusai")


def test_the_single_call_takes_a_name():
    assert styler.stylize(picture(), "night", model="small", device="cpu").shape == (1, 3, 48, 64)


def test_a_misspelt_name_suggests_the_nearest(stylizer):
    with pytest.raises(StylerError, match="did you mean irises"):
        stylizer.stylize(picture(), "irisse")


def test_a_model_of_ones_own_has_no_built_in_styles(tiny_file):
    with pytest.raises(StylerError, match="not made for model 'tiny'") as caught:
        Stylizer(tiny_file, device="cpu").stylize(picture(), "irises")
    assert "--model" in str(caught.value)
