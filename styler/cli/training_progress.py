"""Progress of a training: a live line on a terminal, a plain line at intervals elsewhere."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from styler.cli.console import stderr

if TYPE_CHECKING:
    from styler.training.loop import Progress

SECONDS_BETWEEN_LINES = 20

STEPS_BEFORE_RATES = 5
"""The first steps include the start of workers and kernels: a rate or a time left would be far off."""


@contextmanager
def training_progress(title: str) -> Generator[Callable[["Progress"], None]]:
    """Yield a function to call after each step; losses are shown as a running mean over about fifty steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    smooth: dict[str, float] = {}
    last_line, num_steps = -SECONDS_BETWEEN_LINES, 0
    with Bar(*columns, console=stderr, disable=not stderr.is_terminal) as bar:
        row = bar.add_task(title, total=None)

        def show(progress: "Progress") -> None:
            nonlocal last_line, num_steps
            num_steps += 1
            for name, value in progress.losses.items():
                smooth[name] = smooth.get(name, value) * 0.98 + value * 0.02
            losses = " ".join(f"{name} {value:.4f}" for name, value in smooth.items())
            text, rate = f"{title}, losses: {losses}", ""
            if num_steps > STEPS_BEFORE_RATES:
                text += f"  {progress.images_per_second:.1f} images/s"
                rate = f"  {progress.seconds_left / 60:.0f} min left"
            bar.update(row, description=text, completed=progress.step, total=progress.num_steps)
            now = time.monotonic()
            if not stderr.is_terminal and (
                now - last_line > SECONDS_BETWEEN_LINES or progress.step == progress.num_steps
            ):
                last_line = now
                stderr.print(f"step {progress.step}/{progress.num_steps}  {text}{rate}", highlight=False)

        yield show


def readable_pictures(folder: Path) -> list[Path]:
    """Return the readable pictures below `folder`, and print the names of unreadable ones."""
    from styler.training.data import find_pictures

    found, unreadable = find_pictures(folder)
    if unreadable:
        names = ", ".join(path.name for path in unreadable[:5]) + (", …" if len(unreadable) > 5 else "")
        stderr.print(f"skipped {len(unreadable)} unreadable: {names}", highlight=False)
    return found
