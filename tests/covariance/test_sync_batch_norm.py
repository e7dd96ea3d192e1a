"""SyncDecorrelatedBatchNorm: two processes together are one with both batches."""

import copy
from pathlib import Path

import pytest
import torch
from covariance_layers import features
from replicas import SHARES, batches, trained, work
from torch import Tensor, multiprocessing, nn
from torch.testing import assert_close

from styler.covariance import DecorrelatedBatchNorm1d, DecorrelatedBatchNorm2d, SyncDecorrelatedBatchNorm


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> list[dict[str, Tensor]]:
    folder = tmp_path_factory.mktemp("processes")
    multiprocessing.spawn(work, (str(folder),), nprocs=len(SHARES))
    return [torch.load(Path(folder) / f"{rank}.pt") for rank in range(len(SHARES))]


@pytest.mark.slow
def test_two_processes_together_train_as_one_with_both_batches(results):
    expected = trained(nn.Sequential(DecorrelatedBatchNorm2d(4, groups=2, dtype=torch.float64)), batches())
    for name, value in expected.items():
        parts = [result[name] for result in results]
        if name.startswith("parameter"):  # each has the gradient of its own share of the loss
            parts = [sum(parts)]
        elif name.startswith("buffer"):
            assert_close(parts[0], parts[1], rtol=0, atol=0)
            parts = parts[:1]
        assert_close(torch.cat([part.reshape(-1) for part in parts]), value.reshape(-1), rtol=1e-9, atol=1e-9, msg=name)


def test_one_position_in_each_process_is_enough(results):
    x = torch.tensor([[1.0, 2.0], [2.0, 4.0]])
    assert_close(torch.cat([result["one"] for result in results]), DecorrelatedBatchNorm1d(2)(x).detach())


def test_evaluation_without_running_statistics_is_by_each_process_alone(results):
    plain = DecorrelatedBatchNorm2d(4, track_running_stats=False, dtype=torch.float64).eval()
    for result, x in zip(results, batches()[0].split(SHARES), strict=True):
        assert_close(result["alone"], plain(x).detach())


def test_without_other_processes_it_is_the_plain_layer():
    x = features(3, 4, 3, 3)
    plain, synced = DecorrelatedBatchNorm2d(4), SyncDecorrelatedBatchNorm(4)
    assert torch.equal(synced(x), plain(x))
    assert torch.equal(synced(x[:, :, 0]), DecorrelatedBatchNorm1d(4)(x[:, :, 0]))
    with pytest.raises(ValueError, match="more than one position in all while training"):
        synced(x[:1, :, 0, 0])


def test_conversion_keeps_parameters_buffers_and_everything_else():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(DecorrelatedBatchNorm2d(4, groups=2, method="mpa")))
    model[1][0](features(3, 4, 3, 3))
    before = copy.deepcopy(model)
    converted = SyncDecorrelatedBatchNorm.convert(model)
    assert isinstance(converted[1][0], SyncDecorrelatedBatchNorm)
    assert type(converted[0]) is nn.Conv2d
    assert repr(converted).replace("Sync", "") == repr(before).replace("Norm2d", "Norm")
    for (name, value), old in zip(converted.state_dict().items(), before.state_dict().values(), strict=True):
        assert_close(value, old, rtol=0, atol=0, msg=name)
