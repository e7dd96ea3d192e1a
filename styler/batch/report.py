"""Report on all ledgers in a folder of results, from any number of machines."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from styler.batch.ledger import Line, is_changed, latest_lines, ledger_files, ledger_lines
from styler.errors import StylerError


@dataclass
class LedgerSummary:
    """Content of one ledger: number of jobs and start time of its last run, and the last line for each result."""

    name: str
    planned: int = 0
    started: float = 0.0
    lines: dict[str, Line] = field(default_factory=dict)

    def outs(self, outcome: str) -> set[str]:
        """Return the results whose last line has this outcome."""
        return {out for out, line in self.lines.items() if line["outcome"] == outcome}

    @property
    def shard(self) -> tuple[int, int]:
        """Number of the shard and count of shards; (1, 1) without shards."""
        match = re.search(r"-(\d+)-of-(\d+)$", self.name)
        return (int(match[1]), int(match[2])) if match else (1, 1)


@dataclass
class Report:
    """Summary of all ledgers: a result is done if it is done in any ledger and its file exists.

    Attributes:
        parts: The ledgers, one per shard or worker.
        planned: Number of jobs of all shards.
        done: Finished results.
        failed: Errors by result.
        unfinished: Results whose writing was interrupted.
        missing: Results that were finished and whose files no longer exist.
        changed: Results that were emptied, truncated or replaced after they were finished.
        absent: Shards without a ledger, such as "2/4".
    """

    parts: list[LedgerSummary]
    planned: int
    done: set[str]
    failed: dict[str, str]
    unfinished: set[str]
    missing: set[str]
    changed: set[str]
    absent: list[str]

    @property
    def is_whole(self) -> bool:
        """Whether all planned results are finished."""
        return (
            not (self.failed or self.unfinished or self.missing or self.changed or self.absent)
            and len(self.done) >= self.planned
        )


def report_on(folder: Path, *, verify: bool = False) -> Report:
    """Return the report on a folder of results; with `verify`, changed ones are found by their hashes too.

    Raises:
        StylerError: If the folder has no ledger.
    """
    parts = [ledger_summary(path) for path in ledger_files(folder)]
    if not parts:
        raise StylerError(f"no ledger in {folder}", "give the folder that was used in `styler batch … -o`")
    done, writing = ({out for part in parts for out in part.outs(outcome)} for outcome in ("done", "writing"))
    failed = {out: str(part.lines[out]["error"]) for part in parts for out in part.outs("failed") - done}
    missing = {out for out in done if not (folder / out).is_file()}
    last_done = latest_lines(folder, "done")
    changed = {out for out in done - missing if is_changed(folder / out, last_done[out], verify=verify)}
    _, count = max(parts, key=lambda part: part.started).shard  # earlier runs may have had another number of shards
    last = {part.shard[0]: part.planned for part in parts if part.shard[1] == count and part.started}
    absent = [f"{number}/{count}" for number in range(1, count + 1) if number not in last]
    unfinished = writing - done - failed.keys()
    return Report(parts, sum(last.values()), done - missing - changed, failed, unfinished, missing, changed, absent)


def ledger_summary(path: Path) -> LedgerSummary:
    """Return the summary of one ledger file."""
    part = LedgerSummary(path.stem)
    for line in ledger_lines(path):
        if line["outcome"] == "planned":
            part.planned, part.started = line["jobs"], line["time"]
        else:
            part.lines[line["out"]] = line
    return part
