"""SyncDecorrelatedBatchNorm: two processes together are one with both batches."""

import copy
from pathlib import Path

import pytest
import torch
from test_covariance_batch_norm import features
from torch import Tensor, distributed, multiprocessing, nn
from torch.testing import assert_close

from styler.covariance import DecorrelatedBatchNorm1d, DecorrelatedBatchNorm2d, SyncDecorrelatedBatchNorm

SHARES = (3, 1)
"""Items of each process: unequal, and of the second too few positions for a covariance of full rank."""


def batches() -> list[Tensor]:
    torch.manual_seed(5)
    return [features(sum(SHARES), 4, 2, 2).double() for _ in range(2)]


def trained(model: nn.Module, inputs: list[Tensor]) -> dict[str, Tensor]:
    """Return outputs, gradients and buffers after two steps."""
    found = {}
    for step, x in enumerate(inputs):
        leaf = x.clone().requires_grad_()
        output = model(leaf)
        (output.pow(3).sum() + (output * leaf.detach()).sum()).backward()
        found |= {f"output {step}": output.detach(), f"gradient {step}": leaf.grad}
    found |= {f"parameter {name}": value.grad for name, value in model.named_parameters()}
    return found | {f"buffer {name}": value for name, value in model.named_buffers()}


def work(rank: int, folder: str) -> None:
    """Train on this process's share, and write down what came out."""
    torch.set_num_threads(1)
    store = distributed.FileStore(f"{folder}/store", len(SHARES))
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=len(SHARES))
    model = SyncDecorrelatedBatchNorm.convert(nn.Sequential(DecorrelatedBatchNorm2d(4, groups=2, dtype=torch.float64)))
    found = trained(model, [x.split(SHARES)[rank] for x in batches()])
    one = SyncDecorrelatedBatchNorm(2)(torch.tensor([[1.0, 2.0]]) * (rank + 1))  # one position here, two in all
    lonely = SyncDecorrelatedBatchNorm(4, track_running_stats=False, dtype=torch.float64).eval()
    alone = lonely(batches()[0].split(SHARES)[rank])  # evaluation waits for nobody
    torch.save(found | {"one": one.detach(), "alone": alone.detach()}, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> list[dict[str, Tensor]]:
    folder = tmp_path_factory.mktemp("processes")
    multiprocessing.spawn(work, (str(folder),), nprocs=len(SHARES))
    return [torch.load(Path(folder) / f"{rank}.pt") for rank in range(len(SHARES))]


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
