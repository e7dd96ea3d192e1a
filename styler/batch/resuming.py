"""What stands already: which jobs are left after an earlier run, and why the others are not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from styler.batch.ledger import Line, latest_lines
from styler.batch.pictures import Studio
from styler.batch.plan import Job
from styler.errors import StylerError
from styler.transfer.record import RENAMED, file_hash

Reason = Literal["done before", "made with other settings or inputs", "not made by this command"]


@dataclass
class Standing:
    """The jobs that are left, and the reason of each that is not; `unwritten` are lines that a kill kept back."""

    left: list[Job] = field(default_factory=list)
    skipped: dict[Job, Reason] = field(default_factory=dict)
    unwritten: list[Line] = field(default_factory=list)


def standing(jobs: Sequence[Job], studio: Studio) -> Standing:
    """Return what is left of the jobs. With the studio's `overwrite`, that is all but what would come out the same."""
    found = Standing()
    there = {job for job in jobs if (studio.folder / job.out).exists()}
    lines = latest_lines(studio.folder, "writing", "done") if there else {}
    for job in jobs:
        reason = _reason(job, studio, lines.get(job.key)) if job in there else None
        if reason is None or (studio.overwrite and reason != "done before"):
            found.left.append(job)
            continue
        found.skipped[job] = reason
        if reason != "not made by this command" and lines[job.key]["outcome"] == "writing":
            found.unwritten.append(lines[job.key] | {"outcome": "done", "seconds": 0.0})
    return found


def _reason(job: Job, studio: Studio, line: Line | None) -> Reason:
    if line is None:
        return "not made by this command"
    # Killed between a picture's appearance and its line: its hash tells whether it appeared.
    is_unsure = studio.overwrite or line["outcome"] == "writing"
    if is_unsure and _hash(studio.folder / job.out) != line["output"]:
        return "not made by this command"
    return "done before" if _is_same(job, studio, line) else "made with other settings or inputs"


def _hash(path: Path) -> str | None:
    return file_hash(path) if path.is_file() else None


def _is_same(job: Job, studio: Studio, line: Line) -> bool:
    """Return whether the job would make the same picture again, on whatever machine."""
    try:
        record = studio.record(job)
    except StylerError:  # what it was made of is gone, and nothing can be made instead
        return True
    names = ("content", "styles", "model", "settings")
    return all(without_paths(record[name]) == without_paths(line.get(name)) for name in names)


def without_paths(value: Any) -> Any:
    """Return the value without the names of files, which may have moved, and with today's names of settings."""
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {RENAMED.get(key, key): item for key, item in value.items() if key not in ("path", "name")}
