"""Where the time of a call goes, operator by operator."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile


@dataclass(frozen=True)
class Operator:
    """Seconds in an operator itself, without those it calls, and their share of all."""

    name: str
    calls: int
    seconds: float
    share: float


def slowest_operators(call: Callable[[], object], device: torch.device, *, count: int = 15) -> list[Operator]:
    """Return the operators of a call that take the most time, on the GPU if it runs there, slowest first."""
    on_gpu = device.type == "cuda"
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=kinds, acc_events=True) as profiler:  # without it torch 2.11 warns of cycles, of one too
        call()
    time = "self_device_time_total" if on_gpu else "self_cpu_time_total"
    found = [(event.key, event.count, getattr(event, time) / 1e6) for event in profiler.key_averages()]
    whole = sum(seconds for *_, seconds in found)
    found.sort(key=lambda operator: -operator[2])
    return [Operator(*operator, operator[2] / whole) for operator in found[:count]]
