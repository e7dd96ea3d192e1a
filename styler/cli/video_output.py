"""Output of `styler video`: a progress bar on a terminal, plain lines elsewhere, or events in JSON."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from styler.cli.plain_output import printable
from styler.errors import StylerError

if TYPE_CHECKING:
    from styler.video.clip import ClipResult

SECONDS_BETWEEN_LINES = 10
SECONDS_BETWEEN_EVENTS = 1


class VideoOutput:
    """Messages on standard error; events on standard output."""

    def __init__(self, *, quiet: bool, as_json: bool):
        plain: dict[str, Any] = {"soft_wrap": True, "highlight": False, "markup": False, "emoji": False}
        self.console = Console(stderr=True, quiet=quiet or as_json, **plain)
        self.errors = Console(stderr=True, **plain)
        self.as_json = as_json
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        columns = (*columns, TextColumn("{task.fields[rate]:.1f} frames/s"), TimeRemainingColumn())
        self.bar = Progress(*columns, console=self.console, disable=not self.console.is_terminal, transient=True)
        self._task, self._stage, self._start, self._first, self._last = None, "", 0.0, 0, 0.0

    def __enter__(self) -> "VideoOutput":
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()
        if error[0] is KeyboardInterrupt:
            self.print_event("interrupted")
            self.console.print("interrupted; finished segments are kept, run the same command again to continue")

    def print_event(self, kind: str, **facts: object) -> None:
        """Print a line of JSON with --json."""
        if self.as_json:
            typer.echo(json.dumps({"event": kind, **facts}))

    def begin(self, out: Path) -> None:
        """Begin a clip."""
        self._stage = ""
        self.print_event("begin", out=str(out))

    def progress(self, stage: str, done: int, total: int) -> None:
        """Show how many frames of a stage are done, per second, and the time left."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._start, self._first, self._last = stage, now, done - 1, now
            if self._task is not None:
                self.bar.remove_task(self._task)
            self._task = self.bar.add_task(stage, total=total or None, rate=0.0)
        rate = (done - self._first) / max(now - self._start, 1e-3)
        if self._task is not None:
            self.bar.update(self._task, completed=done, rate=rate)
        left = (total - done) / rate if total else None
        every = SECONDS_BETWEEN_EVENTS if self.as_json else SECONDS_BETWEEN_LINES
        if now - self._last < every:
            return
        self._last = now
        facts = {"stage": stage, "frames": done, "total": total, "frames_per_second": round(rate, 2)}
        self.print_event("progress", **facts, seconds_left=None if left is None else round(left, 1))
        if not self.console.is_terminal:
            time_left = "" if left is None else f", {left / 60:.0f} min left"
            self.console.print(f"{stage}: {done}/{total or '?'} frames, {rate:.1f} frames/s{time_left}")

    def print_result(self, result: "ClipResult", seconds: float) -> None:
        """Print what was written."""
        if not result.is_joined_here:
            self._print_part(result, seconds)
            return
        height, width = result.size
        facts = {"frames": result.num_frames, "new": result.num_new, "shots": result.num_shots}
        self.print_event("done", out=str(result.out), **facts, broken=result.broken, seconds=round(seconds, 2))
        broken = f", {result.broken} broken frames repeated" if result.broken else ""
        shots = f"{result.num_shots} shot{'s' * (result.num_shots != 1)}"
        text = f"{width}×{height}, {result.num_frames} frames, {shots}{broken}, {seconds:.1f} s"
        self.console.print(f"wrote {printable(result.out)} ({text})")

    def _print_part(self, result: "ClipResult", seconds: float) -> None:
        facts = {"new": result.num_new, "missing": result.num_missing}
        self.print_event("part", out=str(result.out), **facts, seconds=round(seconds, 2))
        left = (
            f"{result.num_missing} segments are left to the other shards" if result.num_missing else "another joined it"
        )
        self.console.print(f"made {result.num_new} frames of {printable(result.out)} ({seconds:.1f} s); {left}")

    def print_failure(self, out: str, error: StylerError) -> None:
        """Print why a clip failed."""
        self.print_event("failed", out=out, error=error.what, todo=error.todo)
        if not self.as_json:
            self.errors.print(f"failed: {printable(error.what)}; {printable(error.todo)} ({printable(out)})")
