"""`styler bench sqrt --choices`: the table that `auto` chooses by, measured anew."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from styler.cli.console import stderr, stdout

if TYPE_CHECKING:
    import torch


def print_choices(sizes: Sequence[tuple[int, int]] | None, *, device: "torch.device", dtype: str, repeats: int) -> None:
    """Print timings as they are measured, and then the table as Python."""
    import torch

    from styler.benchmarks.sqrt.choices import METHODS, SIZES, choices, timings

    measured = []
    for timing in timings(sizes or SIZES, device=device, dtype=getattr(torch, dtype), repeats=repeats):
        measured.append(timing)
        gains = ", ".join(f"{method} × {timing.gain(method):.2f}" for method in METHODS[1:])
        milliseconds = timing.milliseconds["eigh"]
        stderr.print(f"{timing.batch}x{timing.n}: eigh {milliseconds:.3f} ms, {gains}", highlight=False)
    stdout.print("CHOICES = (  # device, dtype, least batch, least size, method", highlight=False)
    for row in choices(measured, device=device.type, dtype=dtype):
        stdout.print(f'    ("{row.device}", "{row.dtype}", {row.batch}, {row.n}, "{row.method}"),', highlight=False)
    stdout.print(")")
