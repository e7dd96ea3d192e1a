"""The ledger: one line of JSON for each picture before it is written, after it is done, or when it failed.

Each line is flushed to the disk before the run continues. Each writer (a shard, a Ray worker) has its own file in the
folder of results; all files are read together. A line has the fields of `styler.transfer.record` and

    outcome   "planned" (with jobs, their number), "writing", "done" or "failed" (with error, the reason)
    out       path of the result, relative to the folder of results
    output    SHA-256 of the result
    bytes     size of the result
    seconds   time for reading, the network and writing
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
from typing import TYPE_CHECKING, Any, Self

from styler.errors import StylerError
from styler.files import remove_temporary_files, sha256, write_error

if TYPE_CHECKING:
    from styler.batch.plan import Job
    from styler.batch.shards import Shard

if os.name == "posix":
    import fcntl
else:
    fcntl = None

Line = dict[str, Any]
PREFIX, _SUFFIX = "styler-ledger", ".jsonl"


def ledger_file(folder: Path, writer: str = "") -> Path:
    """Return the ledger of a writer, such as "2-of-4"."""
    return folder / f"{PREFIX}{writer and '-'}{writer}{_SUFFIX}"


def ledger_files(folder: Path) -> list[Path]:
    """Return all ledgers in a folder, sorted."""
    return sorted(folder.glob(f"{PREFIX}*{_SUFFIX}"))


def ledger_lines(path: Path) -> Iterator[Line]:
    """Yield the complete lines; a line cut short by a power failure is skipped."""
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
    """Return for each result the last line, in any ledger, with one of `outcomes`."""
    latest: dict[str, Line] = {}
    for line in (line for path in ledger_files(folder) for line in ledger_lines(path)):
        if line["outcome"] in outcomes and line["time"] >= latest.get(line["out"], line)["time"]:
            latest[line["out"]] = line
    return latest


def is_changed(path: Path, line: Line, *, verify: bool) -> bool:
    """Return whether a result differs from its ledger line in size, or with `verify` in its hash."""
    try:
        num_bytes = path.stat().st_size if path.is_file() else None
        if num_bytes != line.get("bytes", num_bytes):
            return True
        return verify and (num_bytes is None or sha256(path) != line["output"])
    except OSError:
        return True


@contextmanager
def open_ledger(folder: Path, shard: "Shard", jobs: "Sequence[Job]") -> Generator["Ledger"]:
    """Yield the ledger of a shard, after temporary files of a killed run are removed.

    Raises:
        StylerError: If it can't be written, or another process has it open.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    with Ledger(ledger_file(folder, "" if shard.count == 1 else f"{shard.number}-of-{shard.count}")) as ledger:
        for place in {folder / job.out.parent for job in jobs}:
            for owner in (ledger.path.stem, f"{ledger.path.stem}-ray-*"):
                remove_temporary_files(place, owner=owner)
        ledger.append({"outcome": "planned", "jobs": len(jobs)})
        yield ledger


class Ledger:
    """A ledger opened for writing, locked against other processes and safe to use from several threads."""

    def __init__(self, path: Path):
        """Open and lock the file, and remove an incomplete last line.

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
            self._lock_file()
            self._truncate_incomplete_line()
        except BaseException:
            self.close()
            raise

    def append(self, line: Line) -> None:
        """Write a line and flush it to the disk.

        Raises:
            StylerError: If it can't be written.
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
        """Close the file and release its lock."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.close()

    def _lock_file(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = f"another run is writing {self.path}"
            raise StylerError(what, "wait until it ends, or give each run its own part with --shard") from None
        except OSError:  # a network file system without locks
            return

    def _truncate_incomplete_line(self) -> None:
        with open(self._file, "rb", closefd=False) as file:
            complete = file.read().rfind(b"\n") + 1
        os.ftruncate(self._file, complete)
