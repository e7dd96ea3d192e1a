"""Output of `styler batch`: a progress bar on a terminal, plain lines elsewhere, or events in JSON."""

import json
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from styler.cli.plain_output import collected_warnings, printable
from styler.errors import StylerWarning
from styler.files import PassedOver

if TYPE_CHECKING:
    from styler.batch.pipeline import Outcome
    from styler.batch.plan import Job
    from styler.batch.resuming import Remaining
    from styler.batch.shards import Shard

SECONDS_BETWEEN_LINES = 10


class BatchOutput:
    """Messages of a batch on standard error; events and lists on standard output."""

    def __init__(self, *, quiet: bool, as_json: bool):
        plain: dict[str, Any] = {"soft_wrap": True, "highlight": False, "markup": False, "emoji": False}
        self.errors = Console(stderr=True, **plain)
        self.console = Console(stderr=True, quiet=quiet or as_json, **plain)
        self.as_json, self.quiet = as_json, quiet
        self.failures: dict[tuple[str, str], list[str]] = {}
        self.done = self.skipped = self.left = 0

    def print_event(self, kind: str, **facts: object) -> None:
        """Print a line of JSON with --json."""
        if self.as_json:
            typer.echo(json.dumps({"event": kind, **facts}))

    @contextmanager
    def passed_over_printed(self) -> Generator[None]:
        """Print which files and folders were found in the block and are not used."""
        found: list[StylerWarning] = []
        try:
            with collected_warnings() as found:
                yield
        finally:
            for one in found:
                facts = (
                    {"reason": one.reason, "paths": list(map(str, one.paths))} if isinstance(one, PassedOver) else {}
                )
                self.print_event("passed over", **(facts or {"reason": str(one), "paths": []}))
                self.console.print(printable(one))

    @contextmanager
    def passed_over_ignored(self) -> Generator[None]:
        """Drop warnings of what is not used: a watch searches its folders again and again."""
        with collected_warnings():
            yield

    def print_start(self, found: "Remaining", shard: "Shard") -> None:
        """Print how many pictures are to be made and how many are skipped."""
        self.left, self.skipped = len(found.left), len(found.skipped)
        self.print_event("planned", shard=str(shard), left=self.left, skipped=self.skipped)
        part = "" if shard.count == 1 else f"part {shard}: "
        changed = f" ({len(found.changed)} changed since they were made)" if found.changed else ""
        self.console.print(f"{part}{plural(self.left)} to stylize{changed}{self.skip_reasons(found)}")

    def skip_reasons(self, found: "Remaining") -> str:
        """Return why pictures are skipped, as text, and print an event for each."""
        for job, reason in found.skipped.items():
            self.print_event("skipped", out=job.key, reason=reason)
        reasons = list(found.skipped.values())
        text = "".join(f", {reasons.count(reason)} {reason}" for reason in dict.fromkeys(reasons))
        return text + (" (--overwrite replaces them)" if set(reasons) - {"done before"} else "")

    def show_progress(self, outcomes: "Iterable[Outcome]") -> None:
        """Show progress while pictures are made, then print a summary and the failures."""
        start = last_line = time.monotonic()
        rate = TextColumn("{task.fields[rate]:.1f} pictures/s")
        columns = (BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
        with Progress(*columns, console=self.console, disable=not self.console.is_terminal) as bar:
            row = bar.add_task("", total=self.left, rate=0.0)
            for outcome in outcomes:
                self.count(outcome)
                ended, now = self.done + self.num_failed, time.monotonic()
                speed = ended / max(now - start, 1e-3)
                bar.update(row, completed=ended, rate=speed)
                if not self.console.is_terminal and now - last_line > SECONDS_BETWEEN_LINES:
                    last_line = now
                    left = (self.left - ended) / speed / 60
                    self.console.print(f"{ended}/{self.left}  {speed:.1f} pictures/s  {left:.0f} min left")
        self.print_summary(time.monotonic() - start)

    def count(self, outcome: "Outcome") -> None:
        """Count one outcome and print its event."""
        job, error = outcome.job, outcome.error
        if error is None:
            self.done += 1
            self.print_event("done", out=job.key, seconds=outcome.seconds)
            return
        self.failures.setdefault((error.what, error.todo), []).append(job.key)
        names = {"content": str(job.content), "style": style_names(job)}
        self.print_event("failed", out=job.key, **names, error=error.what, todo=error.todo)

    @property
    def num_failed(self) -> int:
        """How many pictures failed."""
        return sum(map(len, self.failures.values()))

    def print_summary(self, seconds: float) -> None:
        """Print the counts, then one line per cause of failure, with the outputs that it affects."""
        left = self.left - self.done - self.num_failed
        counts = {"done": self.done, "failed": self.num_failed, "skipped": self.skipped, "left": left}
        self.print_event("summary", **counts, seconds=round(seconds, 2))
        text = ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "done")
        self.console.print(f"{text} ({seconds:.1f} s, {self.done / max(seconds, 1e-3):.1f} pictures/s)")
        if not self.as_json:
            for (what, todo), outs in self.failures.items():
                more = "" if len(outs) == 1 else f" and {len(outs) - 1} more"
                self.errors.print(f"failed: {printable(what)}; {printable(todo)} ({printable(outs[0])}{more})")

    @contextmanager
    def resume_hint(self) -> Generator[None]:
        """Print how to continue if the block is interrupted."""
        try:
            yield
        except KeyboardInterrupt:
            self.print_event("interrupted", done=self.done)
            self.console.print("interrupted; finished pictures are kept, run the same command again to continue")
            raise


def style_names(job: "Job") -> str:
    """Return the styles of a job, those of a mixture with " and "."""
    return " and ".join(map(str, job.styles))


def plural(number: int) -> str:
    """Return "1 picture", "2 pictures"."""
    return f"{number} picture{'' if number == 1 else 's'}"
