import pytest
import torch
from torch import Tensor

from styler.transfer.moments import moments_of
from styler.transfer.whitening import TRANSFORMS, adain_affine, apply_affine, transport_affine, wct, wct_affine

METHODS = ["auto", "eigh", "mpa", "mtp", "newton_schulz"]


def features(*shape: int, seed: int = 0, mix: bool = True) -> Tensor:
    """Return features with correlated channels of different spread, rectified as an encoder's are."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    if mix:
        x = torch.einsum("cd,bdhw->bchw", torch.randn(shape[1], shape[1], generator=generator, dtype=x.dtype), x)
    return (x + 0.5).relu()


@pytest.mark.parametrize("method", METHODS)
def test_output_moments_equal_the_styles(method):
    content, style = features(2, 8, 20, 21), features(2, 8, 17, 30, seed=1)
    found, wanted = moments_of(wct(content, style, method=method, eps=1e-12)), moments_of(style)
    torch.testing.assert_close(found.mean, wanted.mean, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(found.covariance, wanted.covariance, rtol=1e-5, atol=1e-6)


def test_whitened_features_have_identity_covariance():
    content = features(1, 6, 30, 30)
    affine = wct_affine(
        moments_of(content), moments_of(content)._replace(covariance=torch.eye(6)[None].double()), eps=0
    )
    covariance = moments_of(apply_affine(content, affine)).covariance[0]
    torch.testing.assert_close(covariance, torch.eye(6).double(), rtol=0, atol=1e-8)


def test_alpha_0_gives_the_content_back():
    content, style = features(1, 8, 10, 10), features(1, 8, 12, 12, seed=1)
    torch.testing.assert_close(wct(content, style, alpha=0.0), content)


def test_the_same_features_as_content_and_style_come_back():
    content = features(1, 8, 20, 20)
    torch.testing.assert_close(wct(content, content, eps=0.0), content, rtol=1e-7, atol=1e-7)


def test_a_batch_equals_its_items_one_by_one():
    content, style = features(3, 5, 9, 9), features(3, 5, 8, 8, seed=1)
    alone = torch.cat([wct(content[i : i + 1], style[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(wct(content, style), alone)


def test_one_style_serves_a_batch():
    content, style = features(3, 5, 9, 9), features(1, 5, 8, 8, seed=1)
    torch.testing.assert_close(wct(content, style), wct(content, style.expand(3, -1, -1, -1)))


@pytest.mark.parametrize("method", METHODS)
def test_dead_channels_and_too_few_positions_stay_finite(method):
    content, style = features(1, 8, 2, 2).float(), features(1, 8, 3, 3, seed=1).float()
    content[:, 3] = 0
    style[:, 5] = 0
    result = wct(content, style, method=method)
    assert result.isfinite().all()
    torch.testing.assert_close(result.mean((2, 3)), style.mean((2, 3)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_flat_content_takes_the_styles_mean_without_noise(method):
    content = torch.full((1, 8, 6, 6), 0.7) + 1e-7 * torch.randn(1, 8, 6, 6)
    style = features(1, 8, 9, 9, seed=1).float()
    result = wct(content, style, method=method)
    torch.testing.assert_close(result, style.mean((2, 3), keepdim=True).expand_as(result), rtol=0, atol=2e-3)


def test_half_precision_keeps_the_moments():
    content, style = features(1, 8, 40, 40).bfloat16(), features(1, 8, 40, 40, seed=1).bfloat16()
    found, wanted = moments_of(wct(content, style)), moments_of(style)
    torch.testing.assert_close(found.mean, wanted.mean, rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(found.covariance, wanted.covariance, rtol=2e-2, atol=2e-2)


def test_memory_format_does_not_matter():
    content, style = features(1, 8, 10, 12), features(1, 8, 9, 9, seed=1)
    torch.testing.assert_close(wct(content.contiguous(memory_format=torch.channels_last), style), wct(content, style))


def test_gradients_are_right():
    content, style = features(1, 3, 4, 4), features(1, 3, 4, 4, seed=1)
    assert torch.autograd.gradcheck(
        lambda x, y: wct(x, y, eps=1e-3), (content.requires_grad_(), style.requires_grad_()), atol=1e-5
    )


@pytest.mark.parametrize("shapes", [((1, 3, 4, 4), (1, 4, 4, 4)), ((3, 4, 4), (1, 3, 4, 4))])
def test_wrong_shapes_are_named(shapes):
    with pytest.raises(ValueError, match="expected content and style"):
        wct(*(torch.rand(shape) for shape in shapes))


def test_transport_gives_the_same_moments_and_moves_features_less():
    content, style = features(1, 8, 40, 40), features(1, 8, 30, 30, seed=1)
    maps = {name: of(moments_of(content), moments_of(style), eps=0.0) for name, of in TRANSFORMS.items()}
    moved = {name: apply_affine(content, affine) for name, affine in maps.items()}
    torch.testing.assert_close(moments_of(moved["transport"]), moments_of(style), rtol=1e-6, atol=1e-6)
    distance = {name: (x - content).square().mean() for name, x in moved.items()}
    assert distance["transport"] < 0.999 * distance["wct"]


def test_adain_gives_each_channel_mean_and_variance():
    content, style = features(2, 8, 40, 40), features(1, 8, 30, 30, seed=1)
    found = moments_of(apply_affine(content, adain_affine(moments_of(content), moments_of(style), eps=0.0)))
    torch.testing.assert_close(found.mean, moments_of(style).mean.expand(2, -1))
    variances = moments_of(style).covariance.diagonal(dim1=1, dim2=2).expand(2, -1)
    torch.testing.assert_close(found.covariance.diagonal(dim1=1, dim2=2), variances)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_alpha_0_is_the_identity_of_every_transform(name):
    content, style = features(1, 8, 10, 10), features(1, 8, 12, 12, seed=1)
    affine = TRANSFORMS[name](moments_of(content), moments_of(style), alpha=0.0)
    torch.testing.assert_close(apply_affine(content, affine), content)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_flat_features_and_their_gradients_stay_finite_under_every_transform(name):
    flat, style = torch.full((1, 8, 5, 5), 0.5), features(1, 8, 12, 12, seed=1).float()
    for content, wanted in ((flat, style), (style, flat)):
        content, wanted = (x.clone().requires_grad_() for x in (content, wanted))
        mapped = apply_affine(content, TRANSFORMS[name](moments_of(content), moments_of(wanted)))
        assert mapped.isfinite().all()
        mapped.square().sum().backward()
        assert content.grad.isfinite().all()
        assert wanted.grad.isfinite().all()


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("cells", [1, 2, 16, 40])
def test_a_style_of_fewer_cells_than_channels_is_no_trouble_in_float32(transform, cells):
    for seed in range(8):
        generator = torch.Generator().manual_seed(seed)
        content = torch.randn(1, 32, 20, 20, generator=generator).relu()
        style = 3 * torch.randn(1, 32, 1, cells, generator=generator).relu() + 5
        affine = TRANSFORMS[transform](moments_of(content), moments_of(style))
        found, wanted = moments_of(apply_affine(content, affine)), moments_of(style)
        assert found.covariance.isfinite().all()
        torch.testing.assert_close(found.mean, wanted.mean, rtol=1e-3, atol=1e-3)
        if transform != "adain":
            scale = float(wanted.covariance.abs().max()) + 1e-3
            torch.testing.assert_close(found.covariance, wanted.covariance, rtol=0, atol=5e-3 * scale)


def test_a_styles_root_is_computed_once_a_method_and_not_kept_with_its_graph():
    content, style = moments_of(features(1, 6, 9, 9)), moments_of(features(1, 6, 8, 8, seed=1))
    first = wct_affine(content, style, method="eigh")
    assert list(style.roots) == ["eigh"]
    root, *quality = style.roots["eigh"]
    style.roots["eigh"] = (2 * root, *quality)
    torch.testing.assert_close(wct_affine(content, style, method="eigh").matrix, 2 * first.matrix)
    wct_affine(content, style, method="mpa")
    assert list(style.roots) == ["eigh", "mpa"]
    learnt = moments_of(features(1, 6, 8, 8).requires_grad_())
    wct_affine(content, learnt)
    assert not learnt.roots


def test_roots_found_in_inference_mode_do_not_break_a_later_gradient():
    content, style = (moments_of(torch.rand(1, 6, 9, 9)) for _ in range(2))
    with torch.inference_mode():
        transport_affine(content, style)
    features = torch.rand(1, 6, 9, 9, requires_grad=True)
    transport_affine(moments_of(features), style).matrix.sum().backward()
    assert features.grad.isfinite().all()
