"""Progress of a refinement, its preview file, and an interrupt that ends it with the best picture so far."""

import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status

from styler.cli.transfer_progress import SECONDS_BETWEEN_LINES, time_left

if TYPE_CHECKING:
    from styler.images import Picture
    from styler.transfer.refinement_progress import Step, Watch

STAGE = "refine"
SECONDS_BETWEEN_PREVIEWS = 2.0


@dataclass
class RefinementOutput:
    """Shows each step, writes the preview every two seconds and at the end, and notices interrupts."""

    console: Console
    status: Status
    preview: Path | None = None
    picture: "Picture | None" = None
    is_refining: bool = False
    is_interrupted: bool = False
    _last_line: float = field(default_factory=time.monotonic)
    _last_preview: float = 0.0

    @property
    def watch(self) -> "Watch":
        """What `Trace.watch` takes."""
        from styler.transfer.refinement_progress import Watch

        return Watch(self.show, lambda: self.is_interrupted)

    def show(self, step: "Step") -> None:
        """Show the loss and the time left after a step, and write the preview."""
        text = f"refining: step {step.number} of {step.num_steps}, loss {step.loss:.4f}"
        is_last, now = step.number == step.num_steps, time.monotonic()
        text += "" if is_last else f", about {time_left(step.seconds_left)} left"
        if self.console.is_terminal:
            self.status.update(text)
        elif is_last or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self.console.print(text, highlight=False)
        if is_last or now - self._last_preview >= SECONDS_BETWEEN_PREVIEWS:
            self.write_preview(step)

    def write_preview(self, step: "Step") -> None:
        """Replace the preview, if there is one, by the picture so far."""
        if self.preview is not None and self.picture is not None:
            self.picture.with_samples(step.samples()).save(self.preview, overwrite=True)
            self._last_preview = time.monotonic()

    def stage(self, name: str) -> None:
        """Note whether the refinement runs: only then an interrupt leaves a picture."""
        self.is_refining = name == STAGE

    @contextmanager
    def interruptible(self) -> Generator[None]:
        """Let the first interrupt in a refinement end it; any other raises KeyboardInterrupt."""

        def notice(number: int, frame: object) -> None:
            if self.is_interrupted or not self.is_refining:
                raise KeyboardInterrupt
            self.is_interrupted = True

        previous = signal.signal(signal.SIGINT, notice)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)
