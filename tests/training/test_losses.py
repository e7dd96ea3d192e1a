import torch

from styler.training.losses import out_of_range, picture_loss, style_distance, unexplained_variance
from styler.transfer.moments import Moments, moments_of, wasserstein


def test_unexplained_is_0_for_the_target_and_1_for_its_mean():
    target = torch.randn(2, 3, 8, 8)
    assert unexplained_variance(target, target) == 0
    flat = target.mean((0, 2, 3), keepdim=True).expand_as(target)
    torch.testing.assert_close(unexplained_variance(flat, target), torch.tensor(1.0))


def test_the_wasserstein_distance_of_commuting_gaussians_is_that_of_means_and_deviations():
    a, b = (torch.randn(2, 3, 20, 20) * torch.tensor(scale).view(3, 1, 1) for scale in ((1.0, 2, 3), (2.0, 2, 1)))
    found, wanted = moments_of(a), moments_of(b + 0.5)
    found, wanted = (x._replace(covariance=x.covariance.diagonal(dim1=1, dim2=2).diag_embed()) for x in (found, wanted))
    deviations = [x.covariance.diagonal(dim1=1, dim2=2).sqrt() for x in (found, wanted)]
    expected = (found.mean - wanted.mean).square().sum(1) + (deviations[0] - deviations[1]).square().sum(1)
    torch.testing.assert_close(wasserstein(found, wanted), expected, rtol=1e-4, atol=0)


def test_style_distance_is_0_for_the_same_moments_and_1_for_zero_covariance():
    features = torch.randn(1, 5, 30, 30)
    moments = moments_of(features)
    torch.testing.assert_close(style_distance(moments, moments), torch.tensor(0.0), rtol=0, atol=1e-4)
    nothing = Moments(moments.mean, torch.zeros_like(moments.covariance))
    torch.testing.assert_close(style_distance(nothing, moments), torch.tensor(1.0), rtol=1e-4, atol=1e-4)


def test_style_distance_of_scaled_features_is_that_of_their_deviations():
    moments = moments_of(torch.randn(2, 4, 30, 30))
    scaled = Moments(moments.mean, 9 * moments.covariance)
    torch.testing.assert_close(style_distance(scaled, moments), torch.tensor(4.0), rtol=1e-3, atol=1e-3)


def test_style_distance_has_a_finite_gradient_where_a_covariance_is_singular():
    features = torch.randn(1, 8, 2, 2, requires_grad=True)
    style_distance(moments_of(features), moments_of(torch.randn(1, 8, 20, 20))).backward()
    assert features.grad.isfinite().all()


def test_only_values_outside_the_range_count():
    assert out_of_range(torch.rand(1, 3, 4, 4)) == 0
    torch.testing.assert_close(out_of_range(torch.tensor([1.5, 0.5])), torch.tensor(0.125))


def test_each_decibel_changes_the_picture_loss_by_the_same_amount():
    wanted = torch.rand(2, 3, 16, 16)
    noise = torch.randn_like(wanted)
    fine, middle, coarse = (picture_loss(wanted + scale * noise, wanted) for scale in (0.01, 0.1, 1.0))
    torch.testing.assert_close(middle - fine, coarse - middle, rtol=0.01, atol=0)
    assert picture_loss(wanted, wanted).isfinite()
