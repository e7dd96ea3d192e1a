import pytest
import torch

from styler.transfer.moments import BLOCK, Moments, RunningMoments, mixed_moments, moments_of


def test_moments_are_the_mean_and_the_biased_covariance():
    features = torch.randn(2, 5, 6, 7, dtype=torch.float64) * torch.arange(1.0, 6.0).view(1, 5, 1, 1) + 3
    mean, covariance = moments_of(features)
    for item, item_mean, item_covariance in zip(features.flatten(2), mean, covariance, strict=True):
        torch.testing.assert_close(item_mean, item.mean(1))
        torch.testing.assert_close(item_covariance, torch.cov(item, correction=0))


def test_blocks_do_not_show():
    features = torch.randn(1, 4, 300, 2 * BLOCK // 4 // 300 + 1, dtype=torch.float64)
    torch.testing.assert_close(moments_of(features).covariance[0], torch.cov(features[0].flatten(1), correction=0))


def test_half_precision_is_summed_in_float32():
    features = (torch.randn(1, 3, 256, 256) + 100).bfloat16()
    mean, covariance = moments_of(features)
    exact = moments_of(features.double())
    assert mean.dtype == covariance.dtype == torch.float32
    torch.testing.assert_close(mean, exact.mean.float(), rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(covariance, exact.covariance.float(), rtol=1e-4, atol=1e-5)


def test_memory_format_does_not_matter():
    features = torch.randn(2, 6, 9, 8)
    one, other = moments_of(features), moments_of(features.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(one.covariance, other.covariance)


@pytest.mark.parametrize("weights", [None, torch.rand(1, 1, 37, 41)])
def test_covariances_are_exactly_symmetric(weights):
    parts = [moments_of(torch.randn(1, 37, 37, 41).cumsum(1).relu(), weights) for _ in range(3)]
    for found in (*parts, mixed_moments(parts, [0.3, 0.1, 0.6])):
        assert torch.equal(found.covariance, found.covariance.mT)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_a_mixture_has_the_moments_of_the_pictures_put_together(share):
    rows = round(share * 100)
    features = torch.randn(1, 4, 100, 10, dtype=torch.float64).cumsum(2)
    parts = [moments_of(features[:, :, :rows]), moments_of(features[:, :, rows:])]
    mixed = mixed_moments(parts, [share, 1 - share])
    whole = moments_of(features)
    torch.testing.assert_close(mixed.mean, whole.mean)
    torch.testing.assert_close(mixed.covariance, whole.covariance)


def test_a_mixture_of_one_is_that_one():
    part = Moments(torch.randn(1, 3), torch.eye(3)[None])
    mixed = mixed_moments([part], [7.0])
    torch.testing.assert_close(tuple(mixed), tuple(part))


def test_weights_of_one_and_zero_choose_positions():
    features = torch.randn(2, 4, 10, 12)
    weights = torch.zeros(1, 1, 10, 12)
    weights[..., 3:9] = 1
    torch.testing.assert_close(moments_of(features, weights), moments_of(features[..., 3:9]), rtol=1e-5, atol=1e-5)


def test_weights_of_zero_everywhere_give_zeros():
    assert all((x == 0).all() for x in moments_of(torch.randn(1, 4, 5, 5), torch.zeros(1, 1, 5, 5)))


def test_moments_summed_part_by_part_are_those_of_the_whole():
    features, total = torch.randn(1, 5, 40, 12, dtype=torch.float64).cumsum(2), RunningMoments()
    for part in features.split([1, 7, 12, 20], dim=2):
        total.add(moments_of(part), part[0, 0].numel())
    torch.testing.assert_close(total.moments, moments_of(features))
