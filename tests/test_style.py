import pytest
import torch
from conftest import picture

from styler.style import mixed_style, style_of


def test_a_mixture_of_one_style_with_itself_is_that_style(tiny_model):
    style = style_of(tiny_model.encoder, picture())
    mixed = mixed_style([style, style], [3.0, 1.0])
    for level in style:
        torch.testing.assert_close(tuple(mixed[level]), tuple(style[level]))


def test_weight_0_leaves_a_style_out(tiny_model):
    one, other = (style_of(tiny_model.encoder, picture(seed=seed)) for seed in (0, 1))
    mixed = mixed_style([one, other], [0.0, 2.0])
    torch.testing.assert_close(tuple(mixed["relu2_1"]), tuple(other["relu2_1"]))


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], []])
def test_weights_that_make_no_mixture_are_refused(weights, tiny_model):
    style = style_of(tiny_model.encoder, picture())
    with pytest.raises(ValueError, match="expected 2 weights"):
        mixed_style([style, style], weights)
