"""Progress of one picture: a status line on a terminal, plain lines at intervals elsewhere, nothing for short work."""

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.status import Status

SECONDS_BEFORE = 2.0
"""Work that is done sooner shows no progress."""

SECONDS_BETWEEN_LINES = 5.0


@dataclass
class TransferProgress:
    """Shows the stage, and once it has taken two seconds the share that is done and the time left."""

    console: Console
    status: Status
    started: float = field(default_factory=lambda: time.monotonic())
    _first: tuple[float, float] | None = None
    _last_line: float = 0.0

    def stage(self, name: str) -> None:
        """Show the name of a stage until the first share is known."""
        if self._first is None:
            self.status.update(f"{name} …")

    def advance(self, share: float) -> None:
        """Show the share of the networks' work that is done, from 0 to 1."""
        now = time.monotonic()
        first_time, first_share = self._first = self._first or (now, share)
        if now - self.started < SECONDS_BEFORE or share <= first_share or share >= 1:
            return
        left = (now - first_time) / (share - first_share) * (1 - share)
        text = f"stylizing: {share:.0%}, about {time_left(left)} left"
        if self.console.is_terminal:
            self.status.update(text)
        elif now - max(self._last_line, self.started) >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self.console.print(text, highlight=False)


def time_left(seconds: float) -> str:
    """Return a duration in words."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
