"""The ledger: a line of JSON for each picture that is about to be written, done, or failed.

A line is on the disk before the next thing happens. Each writer (a shard, a worker of Ray's) has a file of its own
in the folder of results; all are read together. What is on a line: see `styler.transfer.provenance`, and

    outcome   "planned" (jobs: how many), "writing", "done" or "failed" (error: why)
    out       the result's name in the folder
    output    SHA-256 of the result
    seconds   of reading, the network and writing
    time      seconds since 1970
"""

import json
import os
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from styler.batch.plan import Job
from styler.batch.shards import Shard
from styler.errors import StylerError
from styler.files import remove_remains, write_error

if os.name == "posix":
    import fcntl
else:
    fcntl = None

Line = dict[str, Any]
_PREFIX, _SUFFIX = "styler-ledger", ".jsonl"


def ledger_file(folder: Path, writer: str = "") -> Path:
    """Return the ledger of a writer, such as "2-of-4"."""
    return folder / f"{_PREFIX}{writer and '-'}{writer}{_SUFFIX}"


def ledger_files(folder: Path) -> list[Path]:
    """Return all the ledgers in a folder."""
    return sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))


def ledger_lines(path: Path) -> Iterator[Line]:
    """Yield the lines that are whole: a power cut may have torn one."""
    with path.open("rb") as file:
        for text in file:
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if (
                isinstance(line, dict)
                and {"outcome", "time", "jobs" if line.get("outcome") == "planned" else "out"} <= line.keys()
            ):
                yield line


def latest_lines(folder: Path, *outcomes: str) -> dict[str, Line]:
    """Return by result the last line, in any ledger, that tells one of `outcomes`."""
    latest: dict[str, Line] = {}
    for line in (line for path in ledger_files(folder) for line in ledger_lines(path)):
        if line["outcome"] in outcomes and line["time"] >= latest.get(line["out"], line)["time"]:
            latest[line["out"]] = line
    return latest


@contextmanager
def opened_ledger(folder: Path, shard: Shard, jobs: Sequence[Job]) -> Generator["Ledger"]:
    """Yield the ledger of a shard, after it has cleaned up what its last run was killed at.

    Raises:
        StylerError: If it can't be written, or another process has it open.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    with Ledger(ledger_file(folder, "" if shard.count == 1 else f"{shard.number}-of-{shard.count}")) as ledger:
        for place in {(folder / job.out).parent for job in jobs}:
            for owner in (ledger.path.stem, f"{ledger.path.stem}-ray-*"):
                remove_remains(place, owner=owner)
        ledger.append({"outcome": "planned", "jobs": len(jobs)})
        yield ledger


class Ledger:
    """A ledger that is open for writing, by this process alone and from any of its threads."""

    def __init__(self, path: Path):
        """Open the file, and cut off what a kill has left of a last line.

        Raises:
            StylerError: If it can't be written, or another process has it open.
        """
        self._lock = threading.Lock()
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise write_error(path, error) from error
        self.path = path
        try:
            self._claim()
            self._cut_torn_line()
        except BaseException:
            self.close()
            raise

    def append(self, line: Line) -> None:
        """Write a line, and return when it is on the disk.

        Raises:
            StylerError: If the disk is full or gone.
        """
        with self._lock:
            end = os.lseek(self._file, 0, os.SEEK_END)
            data = memoryview((json.dumps(line | {"time": round(time.time(), 3)}) + "\n").encode())
            try:
                while data:
                    data = data[os.write(self._file, data) :]
                os.fsync(self._file)
            except OSError as error:
                os.ftruncate(self._file, end)
                raise write_error(self.path, error) from error

    def close(self) -> None:
        """Let others have it."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.close()

    def _claim(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = f"another run is writing {self.path}"
            raise StylerError(what, "wait for it, or give each run a part of its own with --shard") from None
        except OSError:  # a network mount without locks
            return

    def _cut_torn_line(self) -> None:
        with open(self._file, "rb", closefd=False) as file:
            whole = file.read().rfind(b"\n") + 1
        os.ftruncate(self._file, whole)
