"""`styler batch --watch`: new pictures in the folders are stylized as they come, through the same ledger."""

import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer

from styler.batch.plan import Job
from styler.batch.watching import Settling, wakened
from styler.cli.batch_output import BatchOutput
from styler.cli.batch_run import BatchRun
from styler.errors import StylerError

SETTLE = 2.0
"""Seconds without a change after which a file counts as whole; network copies pause for less."""

POLL = 0.25
"""Seconds between looks at files that have not settled."""

SIGNALS = 1.0
"""Seconds after which a signal is noticed where it does not interrupt a wait, as on Windows."""


def check_watchable(contents: Sequence[Path], *, engine: str, dry_run: bool) -> None:
    """Raise a usage error unless --watch can be done: contents are folders, and the work is done here."""
    others = [path for path in contents if not path.is_dir()]
    if others:
        raise typer.BadParameter(f"--watch is for folders, and {others[0]} is none")
    if engine != "threads" or dry_run:
        raise typer.BadParameter("--watch can't be combined with --engine ray or --dry-run")


def watch(
    contents: Sequence[Path],
    plan: Callable[[], list[Job]],
    run: BatchRun,
    *,
    num_threads: int,
    settle: float = SETTLE,
) -> int:
    """Stylize what is there and what comes until an interrupt, and return how many pictures failed.

    Args:
        contents: Folders that are watched, with their subfolders.
        plan: Returns all jobs of the moment; it may raise a StylerError, such as that there are no pictures.
        run: Makes them.
        num_threads: See `Pipeline`.
        settle: Seconds without a change after which a file counts as whole.
    """
    settling, handled, failed = Settling(settle), set[tuple[str, object]](), 0
    trouble = ""
    first = run.output
    with wakened(contents) as changed, stopped_by_interrupt(changed) as stopped:
        first.console.print(f"watching {', '.join(map(str, contents))} (Ctrl-C ends it)")
        while not stopped.is_set():
            changed.clear()
            jobs: list[Job] = []
            try:
                with first.passed_over_ignored():
                    jobs, trouble = plan(), ""
            except StylerError as error:  # there may be no pictures yet
                if error.what != trouble:
                    first.console.print(f"{error.what}; waiting")
                trouble = error.what
            settled, others = settling.split({job.content for job in jobs})
            ready = [job for job in jobs if job.content in settled]
            new = {(job.key, settling.state(job.content)) for job in ready} - handled
            if new:
                handled |= new
                run.jobs, run.output = ready, BatchOutput(quiet=first.quiet, as_json=first.as_json)
                run.stylize_in_threads(num_threads=num_threads, fail_fast=False)
                failed += run.output.num_failed
            elif others:
                stopped.wait(POLL)
            else:
                while not changed.wait(SIGNALS):
                    pass
        first.console.print("the watch has ended")
    return failed


@contextmanager
def stopped_by_interrupt(changed: threading.Event) -> Generator[threading.Event]:
    """Yield an event that the first interrupt sets, so that pictures in work are finished; the second interrupts."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()
        changed.set()

    before = [(one, signal.signal(one, stop)) for one in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield stopped
    finally:
        for one, handler in before:
            signal.signal(one, handler)
