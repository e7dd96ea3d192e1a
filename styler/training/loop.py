"""The loop that every training runs in: steps, checkpoints, interrupts, progress."""

import math
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from styler.errors import StylerError
from styler.model.device import auto_dtype
from styler.training.checkpoint import load_checkpoint, save_checkpoint
from styler.training.data import RandomCrops, batches
from styler.training.settings import Settings

WARM_UP = 0.06
"""Share of the steps in which the learning rate rises; after them it falls along a cosine to zero."""


@dataclass(frozen=True)
class Progress:
    """What is known after a step."""

    step: int
    num_steps: int
    losses: dict[str, float]
    images_per_second: float
    seconds_left: float


class Task(Protocol):
    """What is trained: a module, its loss, and a way to look at it."""

    @property
    def trained(self) -> nn.Module:
        """What learns, and what a checkpoint keeps."""
        ...

    @property
    def losses(self) -> Callable[..., dict[str, Tensor]]:
        """Return the parts of the loss for a batch, one tensor a source; their sum is minimised."""
        ...

    def publish(self) -> None:
        """Write what a person looks at while it learns."""
        ...


def train(
    task: Task,
    crops: RandomCrops,
    *,
    settings: Settings,
    checkpoint: Path,
    resume: bool,
    report: Callable[[Progress], None],
    publish_every: int = 250,
) -> float:
    """Train `task` in place and return the seconds that it took, those before a resume included.

    Raises:
        KeyboardInterrupt: After an interrupt, once the checkpoint is written.
        StylerError: If the checkpoint can't be written, or was made with other settings.
    """
    optimizer = torch.optim.AdamW(task.trained.parameters(), settings.learning_rate, weight_decay=1e-4)
    step, seconds = load_checkpoint(checkpoint, task.trained, optimizer, settings) if resume else (0, 0.0)
    first, start = step, time.monotonic() - seconds
    device = next(task.trained.parameters()).device
    with _interrupt_requested() as interrupted:
        for batch in batches(crops, batch_size=settings.batch_size, first=step):
            losses = _step(task, optimizer, [x.to(device) for x in batch], rate=_rate(step, settings))
            step += 1
            seconds = time.monotonic() - start
            if step == first + 1:
                warm = seconds  # the first step pays for kernels and workers: leave it out of the rate
            report(_progress(step, settings, losses, (seconds - warm) / max(1, step - first - 1)))
            if interrupted.is_set() or step % publish_every == 0 or step == settings.num_steps:
                save_checkpoint(checkpoint, task.trained, optimizer, settings, step=step, seconds=seconds)
                task.publish()
            if interrupted.is_set():
                raise KeyboardInterrupt
    return seconds


def _step(task: Task, optimizer: torch.optim.Optimizer, batch: list[Tensor], *, rate: float) -> dict[str, float]:
    for group in optimizer.param_groups:
        group["lr"] = rate
    device = batch[0].device
    task.trained.train()
    with torch.autocast(device.type, torch.bfloat16, enabled=auto_dtype(device) != torch.float32):
        losses = task.losses(*(x.contiguous(memory_format=torch.channels_last) for x in batch))
    total = torch.stack(list(losses.values())).sum()
    if not total.isfinite():
        raise StylerError("the loss is no longer finite", "go on from the last checkpoint with a lower --rate")
    optimizer.zero_grad()
    total.backward()
    nn.utils.clip_grad_norm_(task.trained.parameters(), 1.0)
    optimizer.step()
    return {name: value.item() for name, value in losses.items()}


def _rate(step: int, settings: Settings) -> float:
    done = step / settings.num_steps
    if done < WARM_UP:
        return settings.learning_rate * (step + 1) / (WARM_UP * settings.num_steps + 1)
    return settings.learning_rate * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


def _progress(step: int, settings: Settings, losses: dict[str, float], seconds_a_step: float) -> Progress:
    rate = settings.batch_size / seconds_a_step if seconds_a_step else 0.0
    return Progress(step, settings.num_steps, losses, rate, (settings.num_steps - step) * seconds_a_step)


@contextmanager
def _interrupt_requested() -> Generator[threading.Event]:
    """Turn the first Ctrl-C into an event, so that a step ends whole; a second one interrupts at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def request(*_: object) -> None:
        event.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, request)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
