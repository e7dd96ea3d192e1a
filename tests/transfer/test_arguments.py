from collections.abc import Callable
from inspect import Parameter, signature
from typing import get_type_hints

import pytest
import torch
from samples import picture

import styler
from styler.transfer.arguments import Options
from styler.transfer.single_call import stylize
from styler.transfer.stylizer import Stylizer


@pytest.fixture
def stylizer(tiny_file):
    return Stylizer(tiny_file, device="cpu", dtype="float32")


def options_of(function: Callable) -> dict[str, Parameter]:
    """Return the keyword arguments that are not those of `Stylizer` itself."""
    found = signature(function).parameters.values()
    return {x.name: x for x in found if x.kind == x.KEYWORD_ONLY and x.name not in ("model", "device", "dtype")}


WRONG = {
    "alpha": [None, -0.1, 1.5, float("nan"), "1", True, {"relu9_1": 1.0}, {"relu1_1": 2}, [0.5]],
    "weights": [[], [1.0, 1.0], [-1.0], [0.0], [float("inf")], [float("nan")], "1", 1.0],
    "regions": [None, [1], ["ab", (1, 2, 3)], "ab", [(picture(),)]],
    "preserve_color": ["nope", None, True, ["luma"]],
    "levels": [[], "relu1_1", ["relu9_1"], "", [["relu1_1"]], 3],
    "size": [0, -1, 1.5, "20", True, 10**7],
    "style_size": [0, -1, 1.5, "20", 10**7],
    "style_scale": [0, -1, None, "1", float("nan"), float("inf"), 1e5],
    "transform": ["nope", None, []],
    "method": ["nope", None, {}],
    "tile": [-64, 1.5, "x", None, True],
    "max_memory": [-1, 1.5, "2G", None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values], ids=repr
)
def test_a_wrong_value_is_told_with_what_was_expected(stylizer, name, value):
    with pytest.raises(ValueError, match=r"expected .*, got ") as caught:
        stylizer.stylize(picture(24, 24), picture(24, 24), **{name: value})
    if name != "weights":
        assert name in str(caught.value)


@pytest.mark.parametrize("style", [None, [], ()])
def test_no_style_is_a_wrong_call(stylizer, style):
    with pytest.raises(ValueError, match="expected a style, or regions with theirs, got none"):
        stylizer.stylize(picture(24, 24), style)


NO_PICTURES = {
    "five channels": torch.zeros(5, 24, 24),
    "two dimensions": torch.zeros(24, 24),
    "out of range": torch.full((3, 8, 8), 7.0),
    "a dictionary": {"relu1_1": 1},
    "a number": 3,
    "a list of lists": [[1]],
}


@pytest.mark.parametrize("style", NO_PICTURES.values(), ids=NO_PICTURES)
def test_a_style_that_is_no_picture_is_told_so(stylizer, style):
    with pytest.raises(ValueError, match="expected"):
        stylizer.stylize(picture(24, 24), style)


@pytest.mark.parametrize("place", ["content", "style", "keep"])
def test_a_tensor_that_requires_a_gradient_is_told_that_it_gets_none(stylizer, place):
    tensor = picture(24, 24).requires_grad_()
    arguments = {"content": picture(24, 24), "style": picture(24, 24)} | {place: tensor}
    with pytest.raises(ValueError, match="without gradient"):
        stylizer.stylize(**arguments)


def test_every_option_is_in_all_three_signatures():
    expected = options_of(Stylizer.stylize)
    assert {x.name: x.default for x in expected.values()} == {x.name: x.default for x in options_of(stylize).values()}
    assert set(expected) == set(Options.__annotations__) == set(get_type_hints(Options))
    assert [x.kind for x in signature(stylize).parameters.values() if x.kind == Parameter.VAR_KEYWORD] == []


def test_the_package_offers_it_by_name():
    result = styler.stylize(picture(24, 24), picture(24, 24, seed=1), alpha=0.5)
    assert result.shape == (1, 3, 24, 24)
    assert styler.Stylizer is Stylizer
    assert all(getattr(styler, name) for name in styler.__all__)
