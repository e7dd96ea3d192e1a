import pytest
import torch

from styler.transfer.moments import Moments, wasserstein
from styler.transfer.style_target import Slope, distance_and_gradient, slope_of, style_target


def moments(size: int, *, rank: int, seed: int) -> Moments:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, size, rank, dtype=torch.float64, generator=generator)
    return Moments(torch.randn(1, size, dtype=torch.float64, generator=generator), x @ x.mT / size)


def test_the_distance_is_that_of_the_moments_and_its_gradient_autograds():
    content, style = moments(6, rank=9, seed=1), moments(6, rank=9, seed=2)
    distance, gradient = distance_and_gradient(content, style_target(moments(6, rank=9, seed=3), style))
    leaves = [x.clone().requires_grad_() for x in content]
    expected = wasserstein(Moments(*leaves), style)
    torch.testing.assert_close(distance, expected.detach(), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(list(gradient), list(torch.autograd.grad(expected.sum(), leaves)), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("content_rank", "style_rank"), [(1, 6), (6, 1), (2, 3), (0, 2), (2, 0), (0, 0)])
def test_moments_of_any_rank_have_finite_slopes_that_lead_downhill(content_rank, style_rank):
    content, style = (moments(6, rank=rank, seed=rank) for rank in (content_rank, style_rank))
    start = moments(6, rank=max(1, content_rank), seed=7)
    distance, slope = slope_of(start, style_target(content, style), share=1.0, count=1.0)
    assert torch.tensor(distance).isfinite()
    assert all(x.isfinite().all() for x in slope)
    x = torch.linalg.cholesky(start.covariance + 1e-12 * torch.eye(6))  # features with these moments, about their mean
    assert (slope.matrix.double() @ x[0]).isfinite().all()


def test_features_of_low_rank_have_the_gradient_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, 6, 4, dtype=torch.float64, generator=generator)  # of rank 3 about their mean
    target = style_target(moments(6, rank=9, seed=1), moments(6, rank=9, seed=2))

    def found(x):
        mean = x.mean(-1)
        y = x - mean[..., None]
        return Moments(mean, y @ y.mT / x.shape[-1])

    _, slope = slope_of(found(features), target, share=1.0, count=4.0)
    x = (features - slope.center.double().view(1, -1, 1))[0]
    gradient = slope.matrix.double() @ x + slope.offset.double()[:, None]
    direction = torch.randn(1, 6, 4, dtype=torch.float64, generator=generator)
    basis = torch.linalg.qr((features - features.mean(-1, keepdim=True))[0])[0][:, :3]
    within = basis @ (basis.mT @ direction[0])  # new directions would have an infinite slope
    distances = [
        float(distance_and_gradient(found(features + step * within), target)[0] / target.unit) for step in (1e-6, -1e-6)
    ]
    assert float((gradient * within).sum()) == pytest.approx((distances[0] - distances[1]) / 2e-6, rel=1e-4)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02), (torch.float16, 2e-3)])
def test_the_slope_at_features_keeps_to_its_formula_and_its_mean_in_half_precision(dtype, tolerance):
    features = (50 + torch.randn(1, 6, 8, 9)).to(dtype)  # far from zero: a rounded center would move all of them
    slope = Slope(torch.randn(6, 6), features.float().mean((0, 2, 3)) + 0.01, torch.randn(6) / 10)
    x = features.double() - slope.center.double().view(1, 6, 1, 1)
    expected = torch.einsum("ij,bjhw->bihw", slope.matrix.double(), x) + slope.offset.double().view(1, 6, 1, 1)
    found = slope.at(features)
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), expected, rtol=tolerance, atol=tolerance * float(expected.abs().max()))
    means = (y.double().mean((0, 2, 3)) for y in (found, expected))
    torch.testing.assert_close(*means, rtol=tolerance, atol=tolerance * float(expected.abs().mean()))


def test_strength_is_the_way_from_the_content_to_the_style():
    content, style = moments(6, rank=9, seed=1), moments(6, rank=9, seed=2)
    left = [
        float(distance_and_gradient(content, target)[0] / target.unit)
        for target in (style_target(content, style, alpha=alpha) for alpha in (0.0, 0.5, 1.0))
    ]
    assert left == pytest.approx([0, 0.25, 1], abs=1e-5)


def test_a_content_that_is_the_style_has_a_unit():
    same = moments(6, rank=9, seed=1)
    assert float(style_target(same, same).unit) > 0
