"""How a batch shows itself: a bar on a terminal, a plain line now and then elsewhere, or events in JSON."""

import json
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from styler.batch.estimate import Estimate
    from styler.batch.pipeline import Outcome
    from styler.batch.report import Report
    from styler.batch.resuming import Remaining
    from styler.batch.shards import Shard

SECONDS_BETWEEN_LINES = 10


class BatchWords:
    """What is said, and where: words to standard error, events and lists to standard output."""

    def __init__(self, *, quiet: bool, as_json: bool):
        self.errors = Console(stderr=True, soft_wrap=True, highlight=False)
        self.words = Console(stderr=True, soft_wrap=True, highlight=False, quiet=quiet or as_json)
        self.as_json, self.quiet = as_json, quiet
        self.failures: dict[tuple[str, str], list[str]] = {}
        self.done = self.skipped = self.left = 0

    def event(self, kind: str, **facts: object) -> None:
        """Print a line of JSON, if that is wanted."""
        if self.as_json:
            typer.echo(json.dumps({"event": kind, **facts}))

    def begin(self, found: "Remaining", shard: "Shard") -> None:
        """Say how much there is to do, and what is skipped."""
        self.left, self.skipped = len(found.left), len(found.skipped)
        self.event("planned", shard=str(shard), left=self.left, skipped=self.skipped)
        part = "" if shard.count == 1 else f"part {shard}: "
        self.words.print(f"{part}{counted(self.left)} to make{self.reasons(found)}")

    def reasons(self, found: "Remaining") -> str:
        """Return why pictures are skipped, and announce each."""
        for job, reason in found.skipped.items():
            self.event("skipped", out=job.key, reason=reason)
        reasons = list(found.skipped.values())
        told = "".join(f", {reasons.count(reason)} {reason}" for reason in dict.fromkeys(reasons))
        return told + (" (--overwrite replaces those)" if set(reasons) - {"done before"} else "")

    def follow(self, outcomes: "Iterable[Outcome]") -> None:
        """Show the outcomes as they come, and at the end the failures and a summary."""
        start = last_line = time.monotonic()
        rate = TextColumn("{task.fields[rate]:.1f} pictures/s")
        columns = (BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
        with Progress(*columns, console=self.words, disable=not self.words.is_terminal) as bar:
            row = bar.add_task("", total=self.left, rate=0.0)
            for outcome in outcomes:
                self.tell(outcome)
                ended, now = self.done + self.num_failed, time.monotonic()
                speed = ended / max(now - start, 1e-3)
                bar.update(row, completed=ended, rate=speed)
                if not self.words.is_terminal and now - last_line > SECONDS_BETWEEN_LINES:
                    last_line = now
                    left = (self.left - ended) / speed / 60
                    self.words.print(f"{ended}/{self.left}  {speed:.1f} pictures/s  {left:.0f} min left")
        self.end(time.monotonic() - start)

    def tell(self, outcome: "Outcome") -> None:
        """Announce one outcome."""
        job, error = outcome.job, outcome.error
        if error is None:
            self.done += 1
            self.event("done", out=job.key, seconds=outcome.seconds)
            return
        self.failures.setdefault((error.what, error.todo), []).append(job.key)
        names = {"content": str(job.content), "style": str(job.style)}
        self.event("failed", out=job.key, **names, error=error.what, todo=error.todo)

    @property
    def num_failed(self) -> int:
        """How many pictures failed."""
        return sum(map(len, self.failures.values()))

    def end(self, seconds: float) -> None:
        """List the failures, one line each: what is wrong names the file, what it has spoilt follows."""
        counts = {"done": self.done, "failed": self.num_failed, "skipped": self.skipped}
        self.event("summary", **counts, left=self.left - self.done - self.num_failed, seconds=round(seconds, 2))
        told = ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "done")
        self.words.print(f"{told} ({seconds:.1f} s, {self.done / max(seconds, 1e-3):.1f} pictures/s)")
        if not self.as_json:
            for (what, todo), outs in self.failures.items():
                more = "" if len(outs) == 1 else f" and {len(outs) - 1} more"
                self.errors.print(f"failed: {escape(what)}; {escape(todo)} ({escape(outs[0])}{more})")

    @contextmanager
    def told_how_to_go_on(self) -> Generator[None]:
        """Say how to go on after an interrupt."""
        try:
            yield
        except KeyboardInterrupt:
            self.event("interrupted", done=self.done)
            self.words.print("interrupted; what is done stays done, and the same command goes on from there")
            raise

    def foretell(self, found: "Remaining", estimate: "Estimate") -> None:
        """Print what would be done, a line each, and the estimate."""
        for job in found.left:
            self.event("would do", out=job.key, content=str(job.content), style=str(job.style), alpha=job.alpha)
            if not (self.as_json or self.quiet):
                typer.echo(f"{job.key}: {job.content} in the style of {job.style}, alpha {job.alpha:g}")
        for path in estimate.unreadable:
            self.words.print(f"{escape(str(path))}: not readable; it will fail")
        for path, error in estimate.too_large.items():
            self.words.print(f"{escape(str(path))}: {escape(error.what)}; {escape(error.todo)}")
        facts = {"megapixels": round(estimate.megapixels, 2), "seconds": round(estimate.seconds, 1)}
        self.event("estimate", pictures=len(found.left), **facts, peak_mib=estimate.peak_mib)
        time_taken = f"{estimate.seconds:.0f} s" if estimate.seconds < 600 else f"{estimate.seconds / 60:.0f} min"
        self.words.print(
            f"{counted(len(found.left))} to make{self.reasons(found)}: {estimate.megapixels:.1f} megapixels, about "
            f"{time_taken} and {estimate.peak_mib} MiB on this machine"
        )

    def report(self, found: "Report") -> None:
        """Print what the ledgers tell."""
        sets = {"failed": found.failed, "unfinished": found.unfinished, "missing": found.missing}
        counts = {name: len(names) for name, names in sets.items()}
        for part in found.parts:
            done, seconds = part.outs("done"), sum(line.get("seconds", 0) for line in part.lines.values())
            self.event("part", ledger=part.name, done=len(done), failed=len(part.outs("failed")), seconds=seconds)
            self.words.print(f"{part.name}: {len(done)} done, {len(part.outs('failed'))} failed, {seconds:.0f} s")
        self.event("report", planned=found.planned, done=len(found.done), **counts, absent=found.absent)
        told = "".join(f", {count} {name}" for name, count in counts.items() if count)
        absent = f", no ledger of part {', '.join(found.absent)}" if found.absent else ""
        self.words.print(f"{len(found.done)} of {found.planned} done{told}{absent}")
        if not self.as_json:
            for out, what in sorted(found.failed.items()):
                self.errors.print(f"failed: {escape(what)} ({escape(out)})")
            for out in sorted(found.missing | found.unfinished):
                self.errors.print(f"not there: {escape(out)}")


def counted(number: int) -> str:
    """Return "1 picture", "2 pictures"."""
    return f"{number} picture{'' if number == 1 else 's'}"
