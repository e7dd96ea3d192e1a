import pytest
import torch
from covariance_layers import features
from torch import Tensor, nn
from torch.testing import assert_close

from styler.covariance import DecorrelatedBatchNorm1d, DecorrelatedBatchNorm2d, DecorrelatedBatchNorm3d, covariance


def reference(x: Tensor, *, groups: int, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return whitened features, mean and whitening matrices, one group after the other in float64."""
    white, means, matrices = [], [], []
    for part in x.double().chunk(groups, dim=1):
        flat = part.transpose(0, 1).flatten(1)
        mean = flat.mean(1, keepdim=True)
        values, vectors = torch.linalg.eigh(torch.cov(flat, correction=0) + eps * torch.eye(len(flat)).double())
        matrix = vectors @ torch.diag(values**-0.5) @ vectors.T
        white.append((matrix @ (flat - mean)).unflatten(1, (x.shape[0], *x.shape[2:])).transpose(0, 1))
        means.append(mean.flatten())
        matrices.append(matrix)
    return torch.cat(white, dim=1), torch.cat(means), torch.stack(matrices)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("shape", [(4, 8, 5, 6), (1, 8, 7, 7), (1, 8, 1, 3)])
def test_outputs_and_statistics_equal_a_plain_reference(groups, shape):
    x = features(*shape).double()
    layer = DecorrelatedBatchNorm2d(8, groups=groups, momentum=1.0, dtype=torch.float64)
    white, mean, whitening = reference(x, groups=groups, eps=layer.eps)
    assert_close(layer(x), white, rtol=1e-8, atol=1e-8)
    assert_close(layer.running_mean, mean)
    if 2 * white[:, 0].numel() >= 3 * (8 // groups):  # with fewer positions other batches are whitened less
        assert_close(layer.running_whitening, whitening, rtol=1e-8, atol=1e-8)
        assert_close(layer.eval()(x), white, rtol=1e-8, atol=1e-8)
    single = DecorrelatedBatchNorm2d(8, groups=groups)
    assert_close(single(x.float()).double(), white, rtol=1e-3, atol=1e-3)


def test_whitened_channels_are_uncorrelated_within_groups():
    layer = DecorrelatedBatchNorm2d(8, groups=2, eps=0, dtype=torch.float64)
    white = layer(features(4, 8, 6, 6).double()).transpose(0, 1).reshape(2, 4, -1)
    assert_close(covariance(white), torch.eye(4).double().expand(2, 4, 4), rtol=0, atol=1e-9)


def test_with_groups_of_one_channel_it_is_batch_norm():
    x = features(4, 6, 5, 5)
    ours, theirs = DecorrelatedBatchNorm2d(6, groups=6, eps=1e-3), nn.BatchNorm2d(6, eps=1e-3)
    for layer in (ours, theirs):
        nn.init.normal_(layer.weight, generator=torch.Generator().manual_seed(0))
        nn.init.normal_(layer.bias, generator=torch.Generator().manual_seed(1))
    assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
    assert_close(ours.running_mean, theirs.running_mean)


@pytest.mark.parametrize(("momentum", "share"), [(0.1, [0.9, 0.1]), (None, [0.5, 0.5])])
def test_running_statistics_are_averages_of_the_batches(momentum, share):
    batches = features(4, 3, 8, 8), features(4, 3, 8, 8)
    layer = DecorrelatedBatchNorm2d(3, momentum=momentum)
    singles = []
    for x in batches:
        layer(x)
        singles.append(reference(x, groups=1, eps=layer.eps)[1])
    start = 0.9 * 0.1 if momentum else 0.5
    expected = start * singles[0] + share[1] * singles[1]
    assert_close(layer.running_mean.double(), expected, rtol=1e-4, atol=1e-5)
    assert int(layer.num_batches_tracked) == 2


def test_what_does_not_vary_comes_out_as_zero():
    x = features(4, 4, 5, 5)
    x[:, 2] = 7
    white = DecorrelatedBatchNorm2d(4)(x)
    assert float(white[:, 2].detach().abs().max()) < 1e-4
    assert float(white[:, 1].detach().std()) > 0.5


@pytest.mark.parametrize("num_positions", [16, 64, 96])
@pytest.mark.parametrize("method", ["auto", "minimax"])
def test_batches_of_few_positions_do_not_blow_up_evaluation(num_positions, method):
    layer = DecorrelatedBatchNorm2d(64, momentum=None, method=method)
    for _ in range(4):
        layer(torch.randn(1, 64, num_positions, 1))
    spread = layer.eval()(torch.randn(1, 64, 500, 1)).std()
    assert 0.5 < float(spread.detach()) < 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("cast", ["made", "moved"])
def test_statistics_of_half_precision_layers_do_not_stall(dtype, cast):
    layer = DecorrelatedBatchNorm2d(2, dtype=dtype) if cast == "made" else DecorrelatedBatchNorm2d(2).to(dtype)
    x = (torch.randn(4, 2, 8, 8) + 100).to(dtype)
    for _ in range(200):
        layer(x)
    assert layer.weight.dtype == dtype
    assert layer.running_mean.dtype == layer.running_whitening.dtype == torch.float32
    assert_close(layer.running_mean.double(), x.double().mean((0, 2, 3)), rtol=1e-6, atol=0)
    assert layer.eval()(x).dtype == dtype
    assert layer.double().running_mean.dtype == torch.float64


def test_evaluation_neither_needs_a_batch_nor_changes_statistics():
    layer = DecorrelatedBatchNorm2d(4)
    layer(features(4, 4, 5, 5))
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    layer.eval()(features(1, 4, 1, 1))
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name])


def test_training_on_one_position_is_refused():
    with pytest.raises(ValueError, match="expected x with more than one position in all while training"):
        DecorrelatedBatchNorm2d(4)(torch.rand(1, 4, 1, 1))


@pytest.mark.parametrize("groups", [0, 3])
def test_groups_that_do_not_divide_the_channels_are_named(groups):
    with pytest.raises(ValueError, match=f"expected groups that divide num_features, got groups={groups} for 4"):
        DecorrelatedBatchNorm2d(4, groups=groups)


DIMENSIONS = [
    (DecorrelatedBatchNorm1d, nn.BatchNorm1d, (6, 4)),
    (DecorrelatedBatchNorm1d, nn.BatchNorm1d, (3, 4, 5)),
    (DecorrelatedBatchNorm2d, nn.BatchNorm2d, (3, 4, 5, 2)),
    (DecorrelatedBatchNorm3d, nn.BatchNorm3d, (3, 4, 5, 2, 2)),
]
every_dimension = pytest.mark.parametrize(("layer", "plain", "shape"), DIMENSIONS)


@every_dimension
def test_every_dimension_whitens_positions_as_the_plane_does(layer, plain, shape):
    x = features(shape[0], shape[1], 1, 1) + torch.randn(shape)[..., None, None].reshape(*shape[:2], -1, 1)
    ours, plane = layer(4, groups=2), DecorrelatedBatchNorm2d(4, groups=2)
    for module in (ours, plane):
        nn.init.normal_(module.weight, generator=torch.Generator().manual_seed(0))
        nn.init.normal_(module.bias, generator=torch.Generator().manual_seed(1))
    for _ in range(2):
        assert torch.equal(ours(x.reshape(shape)), plane(x).reshape(shape))
    assert torch.equal(ours.eval()(x.reshape(shape)), plane.eval()(x).reshape(shape))


@every_dimension
def test_every_dimension_with_groups_of_one_channel_is_batch_norm(layer, plain, shape):
    x = torch.randn(shape)
    for options in ({}, {"track_running_stats": False}, {"affine": False, "momentum": None}):
        ours, theirs = layer(4, groups=4, **options), plain(4, **{"eps": 1e-3, **options})
        assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
        assert_close(ours(x[:2]), theirs(x[:2]), rtol=1e-4, atol=1e-5)


@every_dimension
def test_other_numbers_of_axes_are_refused(layer, plain, shape):
    for wrong in ((4,), (2, 4, 1, 1, 1, 1), (2, 3, *shape[2:])):
        with pytest.raises(ValueError, match=r"expected x of shape \(B, 4, \.\.\.\) with"):
            layer(4)(torch.rand(wrong))


def test_without_running_statistics_evaluation_is_by_the_batch_and_nothing_is_kept():
    layer, x = DecorrelatedBatchNorm2d(4, track_running_stats=False), features(3, 4, 5, 5)
    expected = layer(x)
    assert torch.equal(layer.eval()(x), expected)
    assert list(layer.state_dict()) == ["weight", "bias"]
    layer.reset_parameters()
    assert "track_running_stats=False" in repr(layer)
    with pytest.raises(ValueError, match="expected x with more than one position in all without running statistics"):
        layer(x[:1, :, :1, :1])


@pytest.fixture
def process_group():
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("process_group")
def test_data_parallel_replicas_train_as_alone():
    alone = DecorrelatedBatchNorm2d(3)
    replica = nn.parallel.DistributedDataParallel(DecorrelatedBatchNorm2d(3))
    for _ in range(2):
        first, second = features(2, 3, 4, 4), features(2, 3, 4, 4)
        for layer in (alone, replica):
            (layer(first).pow(3).sum() + layer(second).sum()).backward()  # buffers change between the two
    for (name, value), other in zip(replica.module.state_dict().items(), alone.state_dict().values(), strict=True):
        assert_close(value, other, msg=name)
    assert_close(replica.module.weight.grad, alone.weight.grad)
