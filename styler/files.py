"""Atomic writing of files, and SHA-256. Does not import torch."""

import errno
import hashlib
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from styler.errors import StylerError

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
            with temporary.open("xb") as file:
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


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sha256_list(path: Path) -> dict[str, str]:
    """Return the SHA-256 by file name from a list of lines `DIGITS  NAME`, as `sha256sum` writes it.

    Raises:
        StylerError: If the list can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {name.removeprefix("*"): digits for digits, name in (line.split(maxsplit=1) for line in lines if line)}
    except (OSError, ValueError) as error:
        raise StylerError(f"can't read {path}: {error}", "it is part of styler: install styler again") from error
