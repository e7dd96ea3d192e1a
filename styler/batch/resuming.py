"""Resuming: which jobs remain after an earlier run, and why the others are skipped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from styler.batch.ledger import Line, latest_lines
from styler.batch.pictures import BatchStylizer
from styler.batch.plan import Job
from styler.errors import StylerError
from styler.transfer.record import RENAMED, file_hash

Reason = Literal["done before", "made with other settings or inputs", "not made by this command"]


@dataclass
class Remaining:
    """Remaining and skipped jobs.

    Attributes:
        left: Jobs to do.
        skipped: The other jobs, with the reasons.
        unwritten: Ledger lines "done" of results whose run was killed before it wrote them.
    """

    left: list[Job] = field(default_factory=list)
    skipped: dict[Job, Reason] = field(default_factory=dict)
    unwritten: list[Line] = field(default_factory=list)


def remaining_jobs(jobs: Sequence[Job], batch_stylizer: BatchStylizer) -> Remaining:
    """Return which jobs remain; with `overwrite`, all except those whose result would be the same."""
    found = Remaining()
    existing = {job for job in jobs if (batch_stylizer.folder / job.out).exists()}
    lines = latest_lines(batch_stylizer.folder, "writing", "done") if existing else {}
    for job in jobs:
        reason = _reason(job, batch_stylizer, lines.get(job.key)) if job in existing else None
        if reason is None or (batch_stylizer.overwrite and reason != "done before"):
            found.left.append(job)
            continue
        found.skipped[job] = reason
        if reason != "not made by this command" and lines[job.key]["outcome"] == "writing":
            found.unwritten.append(lines[job.key] | {"outcome": "done", "seconds": 0.0})
    return found


def _reason(job: Job, batch_stylizer: BatchStylizer, line: Line | None) -> Reason:
    if line is None:
        return "not made by this command"
    # A run may be killed after it wrote a picture and before the line "done": the hash shows whether it was written.
    is_unsure = batch_stylizer.overwrite or line["outcome"] == "writing"
    if is_unsure and _hash(batch_stylizer.folder / job.out) != line["output"]:
        return "not made by this command"
    return "done before" if _is_same(job, batch_stylizer, line) else "made with other settings or inputs"


def _hash(path: Path) -> str | None:
    return file_hash(path) if path.is_file() else None


def _is_same(job: Job, batch_stylizer: BatchStylizer, line: Line) -> bool:
    """Return whether the job would make the same picture again, on any machine."""
    try:
        record = batch_stylizer.record(job)
    except StylerError:  # an input no longer exists, so the picture cannot be made again
        return True
    names = ("content", "styles", "model", "settings")
    return all(without_paths(record[name]) == without_paths(line.get(name)) for name in names)


def without_paths(value: Any) -> Any:
    """Return the value without file names, since files may be moved, and with the current names of settings."""
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {RENAMED.get(key, key): item for key, item in value.items() if key not in ("path", "name")}
