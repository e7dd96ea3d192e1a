"""Listings of `styler batch`: what a dry run would write, and the summary of all runs in a folder."""

from typing import TYPE_CHECKING

import typer

from styler.batch.names import alpha_text
from styler.cli.batch_output import BatchOutput, plural, style_names
from styler.cli.plain_output import printable

if TYPE_CHECKING:
    from styler.batch.estimate import Estimate
    from styler.batch.plan import Job
    from styler.batch.report import LedgerSummary, Report
    from styler.batch.resuming import Remaining


def print_dry_run(output: BatchOutput, found: "Remaining", estimate: "Estimate") -> None:
    """Print what would be written, one line each, and the estimate."""
    for job in found.left:
        print_planned(output, job)
    for path in estimate.unreadable:
        output.console.print(f"{printable(path)}: unreadable, will fail")
    for path, error in estimate.too_large.items():
        output.console.print(f"{printable(path)}: {printable(error.what)}; {printable(error.todo)}")
    facts = {"megapixels": round(estimate.megapixels, 2), "seconds": round(estimate.seconds, 1)}
    output.print_event("estimate", pictures=len(found.left), **facts, peak_mib=estimate.peak_mib)
    time_taken = f"{estimate.seconds:.0f} s" if estimate.seconds < 600 else f"{estimate.seconds / 60:.0f} min"
    output.console.print(
        f"{plural(len(found.left))} to stylize{output.skip_reasons(found)}: {estimate.megapixels:.1f} megapixels, "
        f"about {time_taken} and {estimate.peak_mib} MiB on this machine"
    )


def print_planned(output: BatchOutput, job: "Job") -> None:
    """Print the name, the inputs and the strength of a result that a run would write."""
    alpha, styles = dict(job.alpha) if isinstance(job.alpha, tuple) else job.alpha, style_names(job)
    output.print_event("would do", out=job.key, content=str(job.content), style=styles, alpha=alpha)
    if not (output.as_json or output.quiet):
        typer.echo(printable(f"{job.key}: {job.content} with style {styles}, alpha {alpha_text(job.alpha)}"))


def print_report(output: BatchOutput, found: "Report") -> None:
    """Print a summary of the ledgers, and the results that failed, are missing or changed."""
    names = ("failed", "unfinished", "missing", "changed")
    counts = {name: len(getattr(found, name)) for name in names}
    for part in found.parts:
        print_part(output, part)
    output.print_event("report", planned=found.planned, done=len(found.done), **counts, absent=found.absent)
    text = "".join(f", {count} {name}" for name, count in counts.items() if count)
    absent = f", no ledger for part {', '.join(found.absent)}" if found.absent else ""
    output.console.print(f"{len(found.done)} of {found.planned} done{text}{absent}")
    if not output.as_json:
        print_problems(output, found)


def print_part(output: BatchOutput, part: "LedgerSummary") -> None:
    """Print the counts of one ledger and its seconds."""
    done, failed = len(part.outs("done")), len(part.outs("failed"))
    seconds = sum(line.get("seconds", 0) for line in part.lines.values())
    output.print_event("part", ledger=part.name, done=done, failed=failed, seconds=seconds)
    output.console.print(f"{part.name}: {done} done, {failed} failed, {seconds:.0f} s")


def print_problems(output: BatchOutput, found: "Report") -> None:
    """Print a line for each result that failed, is missing or changed."""
    for out, what in sorted(found.failed.items()):
        output.errors.print(f"failed: {printable(what)} ({printable(out)})")
    for out in sorted(found.missing | found.unfinished):
        output.errors.print(f"missing: {printable(out)}")
    for out in sorted(found.changed):
        output.errors.print(f"changed: {printable(out)}")
