"""Accuracy and seconds of the small networks, trained several times."""

import statistics
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from styler.benchmarks.layers.data import Data
from styler.benchmarks.layers.tasks import NUM_EPOCHS, TASKS, Part
from styler.benchmarks.machine import synchronize
from styler.covariance import HybridMethod

BATCH = 32
LEARNING_RATE = 1e-2
"""The same for all: of AdamW, with warm-up and decay (one cycle)."""


@dataclass(frozen=True)
class AccuracyRow:
    """Shares of test items classified right and seconds of training, one for each seed."""

    layer: str
    part: str
    accuracy: list[float]
    seconds: list[float]

    @property
    def summary(self) -> tuple[float, float, float, float]:
        """Return mean, least and largest accuracy, and the median of the seconds."""
        mean = statistics.mean(self.accuracy)
        return mean, min(self.accuracy), max(self.accuracy), statistics.median(self.seconds)


def accuracy_rows(
    layers: Sequence[str],
    *,
    device: torch.device,
    seeds: int = 3,
    steps: int = 300,
    parts: Mapping[str, Sequence[Part]] | None = None,
) -> Iterator[AccuracyRow]:
    """Yield two rows for each layer: the layer and its plain counterpart, on the same data.

    Args:
        layers: Names in `TASKS`.
        device: Where networks are trained.
        seeds: Number of trainings, each with other data, weights and batches.
        steps: Optimizer steps, with batches of 32.
        parts: Networks to train instead of these two, by layer.

    Raises:
        StylerError: If a task needs scikit-learn and it is not installed.
    """
    for name in layers:
        task = TASKS[name]
        compared = (task.layer, task.plain) if parts is None else parts[name]
        results: dict[Part, list[tuple[float, float]]] = {part: [] for part in compared}
        for seed in range(seeds):
            for part, found in results.items():  # alternately, since clock speed and load drift
                found.append(trained(part, task.data(torch.Generator().manual_seed(seed)), device, seed, steps))
        for part, found in results.items():
            accuracies, seconds = zip(*found, strict=True)
            yield AccuracyRow(name, part.name, list(accuracies), list(seconds))


@contextmanager
def one_thread() -> Generator[None]:
    """Use one thread of torch: on such small networks more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def trained(part: Part, data: Data, device: torch.device, seed: int, steps: int) -> tuple[float, float]:
    """Return accuracy and seconds of one training, on one thread."""
    torch.manual_seed(seed)
    network = part.network(data).to(device)
    data = Data(*(tensor.to(device) for tensor in data[:4]), data.num_classes)
    start = time.perf_counter()
    train(network, data, steps=steps, switch_epoch=part.switch_epoch)
    synchronize(data.x.device)
    seconds = time.perf_counter() - start
    network.eval()
    with torch.inference_mode():
        right = torch.cat([network(x).argmax(1) for x in data.test_x.split(256)]) == data.test_y
    return float(right.float().mean()), seconds


def train(network: nn.Module, data: Data, *, steps: int, switch_epoch: int | None) -> None:
    """Train a network on batches drawn by torch's global generator."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    hybrid = None if switch_epoch is None else HybridMethod(network, switch_epoch=switch_epoch)
    for step in range(1, steps + 1):
        batch = torch.randint(len(data.y), (BATCH,)).to(data.y.device)
        optimizer.zero_grad()
        F.cross_entropy(network(data.x[batch]), data.y[batch]).backward()
        optimizer.step()
        schedule.step()
        if hybrid is not None and step % max(1, steps // NUM_EPOCHS) == 0:
            hybrid.step()
