"""Two processes that train one synchronized layer, in a module that new processes can import."""

import torch
from covariance_layers import features
from torch import Tensor, distributed, nn

from styler.covariance import DecorrelatedBatchNorm2d, SyncDecorrelatedBatchNorm

SHARES = (3, 1)
"""Items of each process: unequal, and of the second too few positions for a covariance of full rank."""


def batches() -> list[Tensor]:
    """Return two batches of both processes together."""
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
