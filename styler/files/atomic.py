"""Files that are written whole or not at all."""

import errno
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from styler.files.file_errors import exists_error, write_error

# Error numbers of os.link on a file system without hard links (FAT, some network file systems).
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_SUFFIX = ".styler-tmp"


@contextmanager
def atomic_file(path: Path, *, overwrite: bool = False, owner: str = "") -> Generator[BinaryIO]:
    """Yield a temporary file that is renamed to `path` when the block succeeds, and deleted when it fails.

    Args:
        path: Final path; a symbolic link is written through.
        overwrite: Whether an existing file is replaced.
        owner: Prefix of the temporary name, for `remove_temporary_files`.

    Raises:
        StylerError: If the file exists (unless `overwrite`) or cannot be written.
    """
    path = Path(os.path.realpath(path))  # write through a link, do not replace it
    temporary = path.with_name(f".{owner}.{secrets.token_hex(8)}{_SUFFIX}")
    try:
        try:
            # Not mkstemp, whose files only their owner may read.
            with temporary.open("x+b") as file:  # libvips reads a TIFF back as it writes
                yield file
                file.flush()
                os.fsync(file.fileno())
            if overwrite:
                temporary.replace(path)
            else:
                _rename_to_new(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise exists_error(path) from None
    except OSError as error:
        raise write_error(path, error) from error


def remove_temporary_files(folder: Path, *, owner: str) -> None:
    """Remove the temporary files that a killed `owner` left in a folder.

    Args:
        folder: Where they are.
        owner: Prefix as in `atomic_file`; * matches any text. No such owner may be running.
    """
    for path in folder.glob(f".{owner}.*{_SUFFIX}"):
        path.unlink(missing_ok=True)


def _rename_to_new(temporary: Path, path: Path) -> None:
    """Rename, but raise FileExistsError if `path` exists, even if another process created it just before."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        path.open("xb").close()  # reserves the name
        try:
            temporary.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
