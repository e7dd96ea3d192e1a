import pytest
import torch
from samples import picture

from styler.transfer.style import RunningStyle, mixed_style, style_of


def test_a_mixture_of_one_style_with_itself_is_that_style(tiny_model):
    style = style_of(tiny_model.encoder, picture())
    mixed = mixed_style([style, style], [3.0, 1.0])
    for level in style.moments:
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


def test_styles_counted_in_one_after_the_other_are_their_mixture(tiny_model):
    styles, weights = [style_of(tiny_model.encoder, picture(seed=seed)) for seed in range(3)], [0.5, 2.0, 1.0]
    expected = mixed_style(styles, weights)
    for order in ([0, 1, 2], [2, 0, 1]):
        common = RunningStyle()
        for index in order:
            common.add(styles[index], weights[index])
        torch.testing.assert_close(dict(common.style.moments), dict(expected.moments), rtol=1e-4, atol=1e-5)


def test_counting_in_leaves_the_styles_alone(tiny_model):
    styles = [style_of(tiny_model.encoder, picture(seed=seed)) for seed in range(2)]
    before = [
        {level: tuple(x.clone() for x in moments) for level, moments in style.moments.items()} for style in styles
    ]
    mixed_style(styles, [1.0, 1.0])
    assert all(
        x.equal(y)
        for style, kept in zip(styles, before, strict=True)
        for level in style.moments
        for x, y in zip(style[level], kept[level], strict=True)
    )


def test_a_mixture_varies_by_what_lies_between_its_styles_too(tiny_model):
    one, other = (style_of(tiny_model.encoder, torch.full((1, 3, 40, 40), grey)) for grey in (0.2, 0.8))
    mixed = mixed_style([one, other], [1.0, 1.0])["relu1_1"]
    apart = (one["relu1_1"].mean - other["relu1_1"].mean).square().sum() / 4
    torch.testing.assert_close(mixed.covariance.diagonal(dim1=-2, dim2=-1).sum(), apart, rtol=1e-4, atol=1e-6)


def test_nothing_counted_in_is_no_style():
    assert RunningStyle().style.moments == {}


def test_a_style_goes_to_a_device_whole(tiny_model):
    style = style_of(tiny_model.encoder, picture(), fingerprint="x", name="y")
    moved = style.to(torch.device("meta"))
    assert (moved.fingerprint, moved.name) == ("x", "y")
    assert moved.moments.keys() == style.moments.keys()
    pairs = [(x, y) for level in style.moments for x, y in zip(moved[level], style[level], strict=True)]
    assert all(x.is_meta and x.shape == y.shape for x, y in pairs)
    assert all(style.to(torch.device("cpu"))[level] is style[level] for level in style.moments)


def test_a_style_is_read_only_and_its_clone_shares_nothing(tiny_model):
    style = style_of(tiny_model.encoder, picture())
    with pytest.raises(TypeError):
        style.moments["relu1_1"] = style["relu2_1"]
    with pytest.raises(AttributeError):
        style.name = "other"
    before = style["relu1_1"].mean.clone()
    style.clone()["relu1_1"].mean.zero_()
    assert style["relu1_1"].mean.equal(before)


def test_styles_of_two_models_do_not_mix(tiny_model):
    one, other = (style_of(tiny_model.encoder, picture(), fingerprint=name) for name in ("a", "b"))
    with pytest.raises(ValueError, match="of one model"):
        mixed_style([one, other], [1.0, 1.0])
