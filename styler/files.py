"""Files: written whole or not at all, and their SHA-256. Imports no torch."""

import errno
import hashlib
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from styler.errors import StylerError

# What a filesystem without hard links (FAT, some network mounts) answers to os.link.
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_ENDING = ".styler-tmp"


@contextmanager
def atomic_file(path: Path, *, overwrite: bool = False, owner: str = "") -> Generator[BinaryIO]:
    """Yield a file that takes the name `path` when the block ends well, and vanishes when it does not.

    Args:
        path: Where it will be.
        overwrite: Whether a file that exists is replaced.
        owner: Begins the name that it has until then, for `remove_remains`.

    Raises:
        StylerError: If the file exists (unless `overwrite`) or cannot be written.
    """
    path = Path(os.path.realpath(path))  # write through a link, do not replace it
    temporary = path.with_name(f".{owner}.{secrets.token_hex(8)}{_ENDING}")
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


def remove_remains(folder: Path, *, owner: str) -> None:
    """Remove what an `owner` left in a folder when it was killed. It must not be at work; * stands for anything."""
    for path in folder.glob(f".{owner}.*{_ENDING}"):
        path.unlink(missing_ok=True)


def _rename_to_new(temporary: Path, path: Path) -> None:
    """Rename, but raise FileExistsError where `path` exists, even if it came a moment ago."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        path.open("xb").close()  # claims the name
        try:
            temporary.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def exists_error(path: Path) -> StylerError:
    """Return the error for a file that must not be overwritten."""
    return StylerError(f"{path} exists already", "choose another name, or replace it with --overwrite")


def write_error(name: object, error: OSError) -> StylerError:
    """Return the error for a file that could not be written, told from the system's answer."""
    what = f"cannot write {name}: {error.strerror or error}"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StylerError(what, "free some space, or write to another disk")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StylerError(what, "choose a folder in which you may write")
        case errno.ENOENT | errno.ENOTDIR:
            return StylerError(what, f"make the folder first: mkdir -p {Path(str(name)).parent}")
        case _:
            return StylerError(what, "write to another place with -o")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listed_sha256(path: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a list of lines `DIGITS  NAME`.

    Raises:
        StylerError: If the list can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {name.removeprefix("*"): digits for digits, name in (line.split(maxsplit=1) for line in lines if line)}
    except (OSError, ValueError) as error:
        raise StylerError(f"can't read {path}: {error}", "it comes with styler; install styler again") from error
