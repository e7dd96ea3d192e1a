"""Watching folders: pictures count once their files have stopped changing. Needs watchdog."""

import threading
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path

from styler.errors import StylerError

State = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds."""


class Settling:
    """Tells which files have not changed for a while: those that are being copied are not whole yet."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._since: dict[Path, tuple[State, float]] = {}

    def split(self, paths: Iterable[Path]) -> tuple[set[Path], set[Path]]:
        """Return the files that have settled, and those that have not; missing files are in neither."""
        settled, others, now = set(), set(), time.monotonic()
        for path in paths:
            state = state_of(path)
            if state is None:
                self._since.pop(path, None)
                continue
            known, since = self._since.get(path, (None, now))
            since = since if state == known else now
            self._since[path] = state, since
            is_old = time.time() - state[1] / 1e9 > self.seconds and known is None  # before the watch began
            (settled if state[0] and (is_old or now - since >= self.seconds) else others).add(path)
            if is_old:
                self._since[path] = state, now - self.seconds
        return settled, others

    def state(self, path: Path) -> State | None:
        """Return the state in which a file was seen last."""
        return self._since[path][0] if path in self._since else None


def state_of(path: Path) -> State | None:
    """Return size and time of a file; None if it can't be read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


@contextmanager
def wakened(folders: Sequence[Path]) -> Generator[threading.Event]:
    """Yield an event that is set whenever something changes in the folders or below them.

    Raises:
        StylerError: If watchdog is missing, or a folder can't be watched.
    """
    try:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError:
        raise StylerError("--watch needs watchdog", 'install it: pip install "styler[watch]"') from None
    changed = threading.Event()

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            """Note the change; reading a file is none."""
            if event.event_type not in ("opened", "closed_no_write"):
                changed.set()

    observer = Observer()
    try:
        for folder in folders:
            observer.schedule(Handler(), str(folder), recursive=True)
        observer.start()
    except OSError as error:
        what = f"cannot watch {folders[0]}: {error.strerror}"
        raise StylerError(what, "check that the folder is there; on Linux raise fs.inotify.max_user_watches") from error
    try:
        yield changed
    finally:
        observer.stop()
        observer.join()
