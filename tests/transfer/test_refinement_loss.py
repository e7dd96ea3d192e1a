import pytest
import torch
import torch.nn.functional as F
from refining import tiny_network
from samples import picture

from styler.choices import LEVELS
from styler.transfer.moments import moments_of, wasserstein
from styler.transfer.refinement_loss import RefinementLoss
from styler.transfer.style import style_of

FULL = dict.fromkeys(LEVELS, 1.0)


@pytest.fixture
def network():
    return tiny_network()


def styles_of(network, count: int = 1):
    return [style_of(network.encoder, picture(40, 56, seed=seed + 1)) for seed in range(count)]


def soft_mask(height: int = 96, width: int = 160):
    return torch.linspace(-0.5, 1.5, width).clamp(0, 1).expand(1, 1, height, width)


def test_loss_and_gradient_are_those_of_the_definition(network):
    content, (style,) = picture(48, 64), styles_of(network)
    pixels = picture(48, 64, seed=5)
    value, gradient = RefinementLoss(network, content, [style], alpha=FULL)(pixels)
    x = pixels.clone().requires_grad_()
    found, start = network.encoder.pyramid(x), network.encoder.pyramid(content)
    unit, wanted = (F.normalize(features["relu4_1"], dim=1) for features in (found, start))
    expected = 0.2 * (unit - wanted).square().sum(1).mean()
    for level in LEVELS:
        left = wasserstein(moments_of(found[level]), style[level])
        expected = expected + (left / wasserstein(moments_of(start[level]), style[level])).sum() / len(LEVELS)
    assert value == pytest.approx(float(expected.detach()), rel=1e-4)
    (autograd,) = torch.autograd.grad(expected, x)
    wanted = 48 * 64 * autograd
    torch.testing.assert_close(gradient, wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max()))


@pytest.mark.parametrize("areas", ["none", "masks", "visible", "both"])
def test_tiles_give_the_gradient_of_the_whole(network, areas):
    content, pixels = picture(96, 160), picture(96, 160, seed=5)
    masks = soft_mask() if areas in ("masks", "both") else None
    visible = soft_mask().flip(-1) if areas in ("visible", "both") else None
    styles = styles_of(network, 1 if masks is None else 2)
    how = {"alpha": FULL | {"relu2_1": 0.5}, "masks": masks, "visible": visible}
    whole, tiled = (RefinementLoss(network, content, styles, tile=tile, **how) for tile in (None, 32))
    (value, gradient), (same, other) = whole(pixels), tiled(pixels)
    assert len(tiled.boxes) == 15
    assert same == pytest.approx(value, rel=1e-4)
    torch.testing.assert_close(other.float(), gradient, rtol=0, atol=1e-3 * float(gradient.abs().max()))


def test_what_does_not_count_has_no_gradient(network):
    visible = torch.zeros(1, 1, 96, 160)
    visible[..., :48] = 1
    loss = RefinementLoss(network, picture(96, 160), styles_of(network), alpha=FULL, visible=visible)
    _, gradient = loss(picture(96, 160, seed=5))
    assert gradient[..., :48].abs().max() > 0
    assert gradient[..., 48 + 32 :].abs().max() == 0


def test_an_empty_mask_and_a_picture_that_is_not_seen_are_finite(network):
    content, pixels = picture(), picture(seed=5)
    empty = torch.zeros(1, 1, 48, 64)
    value, gradient = RefinementLoss(network, content, styles_of(network, 2), alpha=FULL, masks=empty)(pixels)
    alone, same = RefinementLoss(network, content, styles_of(network), alpha=FULL)(pixels)
    assert value == pytest.approx(alone, rel=1e-5)
    torch.testing.assert_close(gradient, same, rtol=0, atol=1e-4 * float(same.abs().max()))
    value, gradient = RefinementLoss(network, content, styles_of(network), alpha=FULL, visible=empty)(pixels)
    assert value == 0
    assert not gradient.any()


@pytest.mark.parametrize("flat", ["content", "style"])
def test_flat_pictures_have_finite_gradients(network, flat):
    gray = torch.full((1, 3, 48, 64), 0.5)
    content, style = (gray, picture(seed=1)) if flat == "content" else (picture(), gray)
    loss = RefinementLoss(network, content, [style_of(network.encoder, style)], alpha=FULL)
    for pixels in (content, picture(seed=5)):
        value, gradient = loss(pixels)
        assert torch.tensor(value).isfinite()
        assert gradient.isfinite().all()


def test_a_content_that_is_the_style_has_finite_gradients_in_tiles(network):
    content = picture(96, 160)
    same = style_of(network.encoder, content)
    loss = RefinementLoss(network, content, [same], alpha=FULL, tile=32)
    _, gradient = loss(picture(96, 160, seed=5))
    assert gradient.dtype == torch.float16
    assert gradient.isfinite().all()
