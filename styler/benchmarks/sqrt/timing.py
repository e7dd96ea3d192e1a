"""Time of a forward and a backward pass, measured alternately with others."""

import statistics
import time
from collections.abc import Callable, Mapping

from torch import Tensor

from styler.benchmarks.machine import synchronize


def median_times(
    functions: Mapping[str, Callable[[Tensor], Tensor]], a: Tensor, weight: Tensor, *, repeats: int
) -> dict[str, tuple[float, float]]:
    """Return median milliseconds forward and backward by name.

    Functions alternate, because clock speed and load drift; each is timed after a warm-up run, because the
    previous function has filled the caches with its own data.
    """
    rounds = [{name: timed_warm(f, a, weight) for name, f in functions.items()} for _ in range(repeats)]
    return {name: medians([timings[name] for timings in rounds]) for name in functions}


def medians(timings: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the median milliseconds of both passes."""
    forward, backward = (statistics.median(side) * 1e3 for side in zip(*timings, strict=True))
    return forward, backward


def timed_warm(function: Callable[[Tensor], Tensor], a: Tensor, weight: Tensor) -> tuple[float, float]:
    """Return the seconds of the second of two runs in a row."""
    timed(function, a, weight)
    return timed(function, a, weight)


def timed(function: Callable[[Tensor], Tensor], a: Tensor, weight: Tensor) -> tuple[float, float]:
    """Return the seconds of one forward and one backward pass."""
    leaf = a.detach().requires_grad_()
    synchronize(a.device)
    start = time.perf_counter()
    root = function(leaf)
    synchronize(a.device)
    middle = time.perf_counter()
    root.backward(weight)
    synchronize(a.device)
    return middle - start, time.perf_counter() - middle
