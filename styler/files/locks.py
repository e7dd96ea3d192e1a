"""Locks between processes that share a folder."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from styler.files.file_errors import write_error

if os.name == "posix":
    import fcntl
else:
    fcntl = None


@contextmanager
def exclusive_lock(path: Path) -> Generator[None]:
    """Hold the lock of a file in a block; another process that wants it waits until the block ends.

    Nothing is held on Windows, and on network file systems without locks.

    Raises:
        StylerError: If the file can't be created.
    """
    if fcntl is None:
        yield
        return
    try:
        file = path.open("ab")
    except OSError as error:
        raise write_error(path, error) from error
    with file:
        with suppress(OSError):  # a network file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
