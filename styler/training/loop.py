"""The training loop: steps, checkpoints, interrupts, progress."""

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
from styler.transfer.memory import is_out_of_memory

WARM_UP = 0.06
"""Share of the steps with a linearly rising learning rate; then it decays to zero along a cosine."""


@dataclass(frozen=True)
class Progress:
    """State of the training after a step."""

    step: int
    num_steps: int
    losses: dict[str, float]
    images_per_second: float
    seconds_left: float


class Task(Protocol):
    """A module to train, its losses, and samples of its results."""

    @property
    def trained(self) -> nn.Module:
        """The module whose weights are trained and saved in checkpoints."""
        ...

    @property
    def losses(self) -> Callable[..., dict[str, Tensor]]:
        """Function that returns the named losses of a batch, one tensor per source; their sum is minimised."""
        ...

    def write_samples(self) -> None:
        """Write a sheet of sample results."""
        ...


def train(
    task: Task,
    crops: RandomCrops,
    *,
    settings: Settings,
    checkpoint: Path,
    resume: bool,
    report: Callable[[Progress], None],
    save_every: int = 250,
) -> float:
    """Train `task` in place and return the seconds of training, including those before a resume.

    Raises:
        KeyboardInterrupt: After an interrupt, once the checkpoint is written.
        StylerError: If the checkpoint can't be written or was made with other settings, a picture can no longer be
            read (the checkpoint is saved first), or memory is too small.
    """
    optimizer = torch.optim.AdamW(task.trained.parameters(), settings.learning_rate, weight_decay=1e-4)
    step, seconds = load_checkpoint(checkpoint, task.trained, optimizer, settings) if resume else (0, 0.0)
    first, start = step, time.monotonic() - seconds
    device = next(task.trained.parameters()).device
    with _interrupt_requested() as interrupted:
        loaded = batches(crops, batch_size=settings.batch_size, first=step)
        while True:
            try:
                with memory_errors(settings):
                    batch = next(loaded, None)
            except StylerError as error:
                if step == first:
                    raise
                save_checkpoint(checkpoint, task.trained, optimizer, settings, step=step, seconds=seconds)
                todo = f"{error.todo}; the checkpoint of step {step} is saved: continue with --resume"
                raise StylerError(error.what, todo) from error
            if batch is None:
                return seconds
            with memory_errors(settings):
                losses = _step(task, optimizer, [x.to(device) for x in batch], rate=_rate(step, settings))
            step += 1
            seconds = time.monotonic() - start
            if step == first + 1:
                warm = seconds  # the first step includes the start of workers and kernels
            report(_progress(step, settings, losses, (seconds - warm) / max(1, step - first - 1)))
            if interrupted.is_set() or step % save_every == 0 or step == settings.num_steps:
                save_checkpoint(checkpoint, task.trained, optimizer, settings, step=step, seconds=seconds)
                task.write_samples()
            if interrupted.is_set():
                raise KeyboardInterrupt


def _step(task: Task, optimizer: torch.optim.Optimizer, batch: list[Tensor], *, rate: float) -> dict[str, float]:
    for group in optimizer.param_groups:
        group["lr"] = rate
    device = batch[0].device
    task.trained.train()
    with torch.autocast(device.type, torch.bfloat16, enabled=auto_dtype(device) != torch.float32):
        losses = task.losses(*(x.contiguous(memory_format=torch.channels_last) for x in batch))
    total = torch.stack(list(losses.values())).sum()
    if not total.isfinite():
        raise StylerError("the loss is no longer finite", "start again with a lower --rate")
    optimizer.zero_grad()
    total.backward()
    nn.utils.clip_grad_norm_(task.trained.parameters(), 1.0)
    optimizer.step()
    return {name: value.item() for name, value in losses.items()}


@contextmanager
def memory_errors(settings: Settings) -> Generator[None]:
    """Raise a StylerError if memory runs out in the block."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        what = f"{settings.batch_size} crops of {settings.crop_size} pixels do not fit into memory"
        raise StylerError(what, "choose a smaller --crop or --batch") from error


def _rate(step: int, settings: Settings) -> float:
    done = step / settings.num_steps
    if done < WARM_UP:
        return settings.learning_rate * (step + 1) / (WARM_UP * settings.num_steps + 1)
    return settings.learning_rate * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


def _progress(step: int, settings: Settings, losses: dict[str, float], seconds_per_step: float) -> Progress:
    rate = settings.batch_size / seconds_per_step if seconds_per_step else 0.0
    return Progress(step, settings.num_steps, losses, rate, (settings.num_steps - step) * seconds_per_step)


@contextmanager
def _interrupt_requested() -> Generator[threading.Event]:
    """Yield an event that the first Ctrl-C sets, so that the step completes; a second one interrupts immediately."""
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
