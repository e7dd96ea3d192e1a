"""The progress of a refinement, and how it is followed and stopped."""

import time
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor


class Step(NamedTuple):
    """What is known after a step: its number from 1, of how many, the loss before it, and the samples so far."""

    number: int
    num_steps: int
    loss: float
    seconds_left: float
    samples: Callable[[], Tensor]


class Watch(NamedTuple):
    """Who follows a refinement: `show` is called after each step, `stopped` is asked before each tile."""

    show: Callable[[Step], None] = lambda step: None
    stopped: Callable[[], bool] = lambda: False

    def check(self) -> None:
        """Raise `Stopped` if the refinement should end here."""
        if self.stopped():
            raise Stopped

    def finishing(self, finish: Callable[[Tensor], Tensor]) -> "Watch":
        """Return a watch that shows the samples after `finish`."""
        return self._replace(
            show=lambda step: self.show(step._replace(samples=lambda: finish(step.samples()))),
        )


class Stopped(Exception):  # noqa: N818  a request, not an error
    """`Watch.stopped` said so."""


class Clock:
    """Steps and their work, in pixels, done so far: the rest is taken to need as long for each pixel."""

    def __init__(self, num_steps: int, work: int):
        self.num_steps, self.work = num_steps, work
        self.num_done, self.done, self.started = 0, 0, time.monotonic()

    def count(self, work: int) -> None:
        """Count a step."""
        self.num_done, self.done = self.num_done + 1, self.done + work

    @property
    def seconds_left(self) -> float:
        """Seconds that the rest will take."""
        return (time.monotonic() - self.started) / max(1, self.done) * (self.work - self.done)
