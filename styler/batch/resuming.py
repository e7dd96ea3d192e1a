"""Resuming: which jobs remain after an earlier run, and why the others are skipped."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from styler.batch.ledger import Line, is_changed, latest_lines
from styler.batch.plan import Job
from styler.errors import StylerError
from styler.transfer.input_record import RENAMED


class Results(Protocol):
    """A folder of results and the settings of a run, as `BatchStylizer` has them."""

    folder: Path
    overwrite: bool
    verify: bool
    replaceable: set[str]

    def record(self, job: Job) -> Mapping[str, Any]:
        """Return the inputs, model and settings of a job."""
        ...


Reason = Literal["done before", "made with other settings or inputs", "not made by this command"]


@dataclass
class Remaining:
    """Remaining and skipped jobs.

    Attributes:
        left: Jobs to do.
        changed: Those of them whose earlier result was emptied, truncated or replaced.
        skipped: The other jobs, with the reasons.
        unwritten: Ledger lines "done" of results whose run was killed before it wrote them.
    """

    left: list[Job] = field(default_factory=list)
    changed: list[Job] = field(default_factory=list)
    skipped: dict[Job, Reason] = field(default_factory=dict)
    unwritten: list[Line] = field(default_factory=list)


def remaining_jobs(jobs: Sequence[Job], results: Results) -> Remaining:
    """Return which jobs remain; with `overwrite`, all except those whose result would be the same.

    Results of this command that were emptied, truncated or replaced since remain too, and are added to
    `results.replaceable`. Sizes are compared, and with `results.verify` hashes.
    """
    found = Remaining()
    existing = {job for job in jobs if os.path.lexists(results.folder / job.out)}
    lines = latest_lines(results.folder, "writing", "done") if existing else {}
    done = latest_lines(results.folder, "done") if existing else {}
    for job in jobs:
        line = _line_of_file(job, results, lines.get(job.key), done.get(job.key))
        if job not in existing or line == "changed":
            found.left.append(job)
            found.changed += [job] if job in existing else []
            continue
        reason = _reason(job, results, line)
        if results.overwrite and reason != "done before":
            found.left.append(job)
            continue
        found.skipped[job] = reason
        if line is not None and line["outcome"] == "writing":
            found.unwritten.append(line | {"outcome": "done", "seconds": 0.0})
    results.replaceable |= {job.key for job in found.changed}
    return found


def _line_of_file(job: Job, results: Results, line: Line | None, done: Line | None) -> Line | Literal["changed"] | None:
    """Return the line that recorded the file as it is; None for a file not made by this command."""
    path = results.folder / job.out
    if line is None or not os.path.lexists(path):
        return None
    # A run may be killed after it wrote a picture and before the line "done": the hash shows whether it was written.
    if line["outcome"] == "writing" and not is_changed(path, line, verify=True):
        return line
    if done is None:
        return None
    verify = results.verify or results.overwrite or line["outcome"] == "writing"
    return "changed" if is_changed(path, done, verify=verify) else done


def _reason(job: Job, results: Results, line: Line | None) -> Reason:
    if line is None:
        return "not made by this command"
    return "done before" if _is_same(job, results, line) else "made with other settings or inputs"


def _is_same(job: Job, results: Results, line: Line) -> bool:
    """Return whether the job would make the same picture again, on any machine."""
    try:
        record = results.record(job)
    except StylerError:  # an input no longer exists, so the picture cannot be made again
        return True
    names = ("content", "styles", "others", "model", "settings")
    return all(without_paths(record[name]) == without_paths(line.get(name)) for name in names)


def without_paths(value: Any) -> Any:
    """Return the value without file names, since files may be moved, and with the current names of settings."""
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {RENAMED.get(key, key): item for key, item in value.items() if key not in ("path", "name")}
