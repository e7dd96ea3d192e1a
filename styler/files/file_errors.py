"""Errors about files that exist, cannot be written, or are not files."""

import errno
import os
from pathlib import Path

from styler.errors import StylerError


def check_regular(path: Path) -> None:
    """Raise a StylerError if this is a pipe or a device, which may block a reader for ever."""
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):  # noqa: PTH110, PTH112, PTH113
        raise StylerError(f"{path} is a pipe or a device", "write it to a file first")


def exists_error(path: Path) -> StylerError:
    """Return the error for a file that must not be overwritten."""
    return StylerError(f"{path} exists already", "choose another name, or use --overwrite to replace it")


def write_error(name: object, error: OSError) -> StylerError:
    """Return the error for a file that could not be written, with advice for the error number."""
    what = f"cannot write {name}: {error.strerror or error}"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StylerError(what, "free some space, or write to another disk")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StylerError(what, "choose a folder with write permission")
        case errno.ENOENT | errno.ENOTDIR:
            return StylerError(what, f"create the folder first: mkdir -p {Path(str(name)).parent}")
        case _:
            return StylerError(what, "choose another output with -o")
