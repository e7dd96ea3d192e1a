"""Measured peak rates of this machine: matrix products, convolutions and memory copies."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional

PRODUCTS = (512, 1024, 2048, 4096, 8192)
"""Sides of square matrices."""

CONVOLUTIONS = ((128, 64), (128, 128), (256, 128), (256, 256))
"""Channels (input and output) and sides. With some libraries they are three times as fast as products."""

COPIES = tuple(2**power for power in (20, 22, 24, 26, 28))
"""Bytes read and written, from sizes that fit a processor's cache to sizes that do not."""

BURST = 2e-3
"""Seconds of calls that are timed together, so that clock resolution and kernel launches do not count."""


@dataclass(frozen=True)
class Machine:
    """Floating-point operations per second in one precision, and bytes per second of copies by size in bytes."""

    flops: float
    copies: dict[int, float]

    def seconds(self, flops: float, num_bytes: float) -> float:
        """Return the minimum time for these operations and these bytes read and written, both in parallel."""
        size = min(max(self.copies), num_bytes)
        # A smaller copy cannot be slower; if it was, other work disturbed the measurement.
        return max(flops / self.flops, num_bytes / max(rate for of, rate in self.copies.items() if 4 * of > size))


def measured_machine(device: torch.device, dtype: torch.dtype, *, seconds: float = 0.02) -> Machine:
    """Return the highest measured rates; each product, convolution and copy is repeated for `seconds`."""
    flops = max(_best_rate(calls(device, dtype), device, seconds) for calls in (_products, _convolutions))
    return Machine(flops, {size: size / least_seconds(_copy(size, device), device, seconds) for size in COPIES})


def median_machine(machines: Sequence[Machine]) -> Machine:
    """Return the median of each rate over several measurements."""
    copies = {size: median(machine.copies[size] for machine in machines) for size in machines[0].copies}
    return Machine(median(machine.flops for machine in machines), copies)


def _best_rate(calls: Iterable[tuple[int, Callable[[], Tensor]]], device: torch.device, seconds: float) -> float:
    best = 0.0
    for flops, call in calls:
        taken = least_seconds(call, device, seconds)
        best = max(best, flops / taken)
        if taken > seconds:  # larger ones are not faster, and an emulated precision would take minutes
            break
    return best


def least_seconds(call: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Return the minimum time of a call, repeated for `seconds`, after a warm-up call."""
    _elapsed(call, device, 1)
    count = max(1, round(BURST / _elapsed(call, device, 1)))
    end, times = time.perf_counter() + seconds, []
    while not times or time.perf_counter() < end:
        times.append(_elapsed(call, device, count))
    return min(times)


def _elapsed(call: Callable[[], object], device: torch.device, count: int) -> float:
    synchronize(device)
    start = time.perf_counter()
    for _ in range(count):
        call()
    synchronize(device)
    return (time.perf_counter() - start) / count


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished all queued work."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _products(device: torch.device, dtype: torch.dtype) -> Iterator[tuple[int, Callable[[], Tensor]]]:
    for n in PRODUCTS:
        a, b, out = (torch.ones(n, n, dtype=dtype, device=device) for _ in range(3))
        yield 2 * n**3, lambda a=a, b=b, out=out: torch.mm(a, b, out=out)


def _convolutions(device: torch.device, dtype: torch.dtype) -> Iterator[tuple[int, Callable[[], Tensor]]]:
    for count, side in CONVOLUTIONS:
        x = torch.ones(1, count, side, side, dtype=dtype, device=device).contiguous(memory_format=torch.channels_last)
        weight = torch.ones(count, count, 3, 3, dtype=dtype, device=device)
        weight = weight.contiguous(memory_format=torch.channels_last)
        yield 18 * count**2 * side**2, lambda x=x, weight=weight: functional.conv2d(x, weight, padding=1)


def _copy(num_bytes: int, device: torch.device) -> Callable[[], Tensor]:
    source, target = (torch.ones(num_bytes // 2, dtype=torch.uint8, device=device) for _ in range(2))
    return lambda: target.copy_(source)
