"""The batch and matrix sizes at which an iterated root is faster than `eigh` on a device: a table of choices."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from styler.benchmarks.sqrt.matrices import random_covariances
from styler.benchmarks.sqrt.rows import symmetric_weight
from styler.benchmarks.sqrt.timing import median_times
from styler.matrix_sqrt import sqrtm

METHODS = ("eigh", "minimax", "newton_schulz")
"""Candidates for `auto`; `eigh` is taken where no other is faster."""

MARGIN = 1.1
"""Minimum speed-up of an iterated root: if it misses its tolerance, `eigh` runs as well."""

SIZES = tuple((batch, n) for n in (16, 32, 64, 128, 256, 512, 1024) for batch in (1, 4, 16, 64, 256, 1024, 4096))
MAX_NUMBERS = 2**26
"""Largest number of elements in a batch; a backward pass needs about ten times this memory."""


@dataclass(frozen=True)
class Timing:
    """Median milliseconds forward and backward together, by method."""

    batch: int
    n: int
    milliseconds: dict[str, float]

    def gain(self, method: str) -> float:
        """Return how many times faster than `eigh` a method is."""
        return self.milliseconds["eigh"] / self.milliseconds[method]


@dataclass(frozen=True)
class Choice:
    """A row of the table: the method for batches and sizes of at least these, if no row before it fits."""

    device: str
    dtype: str
    batch: int
    n: int
    method: str


def timings(
    sizes: Sequence[tuple[int, int]], *, device: torch.device, dtype: torch.dtype, repeats: int
) -> Iterator[Timing]:
    """Yield the timing of each batch and size that is not too large."""
    roots = {method: partial(sqrtm, method=method) for method in METHODS}
    for batch, n in sizes:
        if batch * n * n <= MAX_NUMBERS:
            a = random_covariances(1, n).expand(batch, n, n).to(device, dtype).clone()
            both = median_times(roots, a, symmetric_weight(a), repeats=repeats)
            yield Timing(batch, n, {method: sum(passes) for method, passes in both.items()})


def choices(measured: Sequence[Timing], *, device: str, dtype: str) -> list[Choice]:
    """Return the rows for one device and precision, largest batches first; none where `eigh` wins throughout."""
    rows: list[Choice] = []
    for batch in sorted({timing.batch for timing in measured}, reverse=True):
        winning = winning_sizes([timing for timing in measured if timing.batch == batch])
        if not winning:
            continue
        row = Choice(device, dtype, batch, winning[0].n, best_method(winning))
        if rows and (rows[-1].n, rows[-1].method) == (row.n, row.method):
            rows.pop()
        rows.append(row)
    return rows


def winning_sizes(measured: Sequence[Timing]) -> list[Timing]:
    """Return the timings of one batch from the size on from which an iterated root wins at every larger one."""
    winning: list[Timing] = []
    for timing in sorted(measured, key=lambda timing: timing.n, reverse=True):
        if max(timing.gain(method) for method in METHODS[1:]) < MARGIN:
            break
        winning.insert(0, timing)
    return winning


def best_method(measured: Sequence[Timing]) -> str:
    """Return the iterated method with the largest gain, by its geometric mean over sizes."""
    return max(METHODS[1:], key=lambda method: sum(math.log(timing.gain(method)) for timing in measured))
