"""Time of a call by torch operator."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile


@dataclass(frozen=True)
class Operator:
    """Seconds in an operator, without the operators it calls, and their share of the total."""

    name: str
    calls: int
    seconds: float
    share: float


def slowest_operators(call: Callable[[], object], device: torch.device, *, count: int = 15) -> list[Operator]:
    """Return the slowest operators of a call, slowest first; GPU time if it runs on a GPU."""
    on_gpu = device.type == "cuda"
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=kinds, acc_events=True) as profiler:  # without it torch 2.11 warns about profiling cycles
        call()
    time = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    found = [(event.key, event.count, getattr(event, time) / 1e6) for event in profiler.key_averages()]
    total = sum(seconds for *_, seconds in found)
    found.sort(key=lambda operator: -operator[2])
    return [Operator(*operator, operator[2] / total) for operator in found[:count]]
