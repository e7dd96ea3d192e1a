import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from styler.covariance import WhiteningColoring2d, covariance
from styler.transfer.whitening import wct


def features(*shape: int) -> Tensor:
    return torch.einsum("cd,bdhw->bchw", torch.randn(shape[1], shape[1]), torch.randn(shape)).double() + 1


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
def test_with_one_group_it_is_the_transform_of_style_transfer(alpha):
    content, style = features(2, 5, 6, 7), features(1, 5, 8, 4)
    layer = WhiteningColoring2d(alpha=alpha, dtype=torch.float64)
    assert_close(layer(content, style), wct(content, style, alpha, eps=layer.eps), rtol=1e-7, atol=1e-7)


def test_with_groups_of_one_channel_it_is_adain():
    content, style = features(2, 4, 6, 7), features(2, 4, 8, 4)
    sides = [(x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)) for x in (content, style)]
    (mean, variance), (style_mean, style_variance) = sides
    expected = (content - mean) * (style_variance / (variance + 1e-5)).sqrt() + style_mean
    assert_close(WhiteningColoring2d(groups=4).double()(content, style), expected)


def test_groups_take_the_styles_covariance_within_themselves():
    content, style = features(2, 6, 6, 7), features(2, 6, 8, 4)
    result = WhiteningColoring2d(groups=2, eps=0).double()(content, style)
    for half in (slice(0, 3), slice(3, 6)):
        found, wanted = (covariance(x[:, half].flatten(2)) for x in (result, style))
        assert_close(found, wanted, rtol=1e-8, atol=1e-8)


def test_flat_content_takes_the_styles_mean():
    style = features(1, 4, 5, 5).float()
    result = WhiteningColoring2d()(torch.full((1, 4, 1, 1), 3.0), style)
    assert_close(result, style.mean((2, 3), keepdim=True))


def test_strength_is_learnt():
    content, style = features(1, 4, 6, 6), features(1, 4, 6, 6)
    layer = WhiteningColoring2d(alpha=0.2, dtype=torch.float64)
    target = WhiteningColoring2d(alpha=0.8, dtype=torch.float64)(content, style).detach()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        (layer(content, style) - target).pow(2).mean().backward()
        optimizer.step()
    assert float(layer.alpha.detach()) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("groups", [0, 3])
def test_groups_that_do_not_divide_the_channels_are_named(groups):
    with pytest.raises(ValueError, match="expected groups"):
        WhiteningColoring2d(groups=groups)(torch.rand(1, 4, 5, 5), torch.rand(1, 4, 5, 5))


@pytest.mark.parametrize(("content", "style"), [(4, 3), (4, 0), (1, 2)])
def test_a_style_for_each_item_or_for_all_is_expected(content, style):
    with pytest.raises(ValueError, match="expected style with one item, or as many as content"):
        WhiteningColoring2d()(torch.rand(content, 3, 5, 5), torch.rand(style, 3, 5, 5))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_style_of_another_precision_is_taken(dtype):
    content, style = torch.rand(2, 3, 5, 5), torch.rand(1, 3, 5, 5).to(dtype)
    result = WhiteningColoring2d()(content, style)
    assert result.dtype == torch.float32
    assert_close(result, WhiteningColoring2d()(content, style.float()), rtol=1e-5, atol=1e-5)
