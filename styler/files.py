"""Files: found in folders, written atomically, hashed. Does not import torch."""

import errno
import hashlib
import os
import secrets
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from styler.errors import StylerError, StylerWarning

# Error numbers of os.link on a file system without hard links (FAT, some network file systems).
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_SUFFIX = ".styler-tmp"

MAX_LISTED = 10
"""Names in a message; the others are counted."""


class PassedOver(StylerWarning):
    """Files or folders that a search did not use, for one reason."""

    def __init__(self, reason: str, paths: Sequence[Path]):
        super().__init__(reason, paths)
        self.reason, self.paths = reason, paths

    def __str__(self) -> str:
        names = ", ".join(str(path) for path in self.paths[:MAX_LISTED])
        more = len(self.paths) - MAX_LISTED
        return f"passed over, {self.reason} ({len(self.paths)}): {names}{f' and {more} more' * (more > 0)}"


@dataclass
class Search:
    """Files with some suffixes in a folder; symbolic links are followed, each folder is searched once.

    Attributes:
        suffixes: Lower-case file extensions.
        recursive: Whether subfolders are searched.
        excluded: A folder that is not searched, resolved.
        results_prefix: A subfolder with a file of this prefix is not searched.
        found: Files found, as paths below the folder.
        passed_over: Other files and folders by reason.
    """

    suffixes: Sequence[str]
    recursive: bool = True
    excluded: Path | None = None
    results_prefix: str | None = None
    found: list[Path] = field(default_factory=list)
    passed_over: dict[str, list[Path]] = field(default_factory=dict)

    def run(self, folder: Path) -> list[Path]:
        """Return the files, sorted, and warn with `PassedOver` of everything else."""
        # Links are followed after all real folders, so that a file is found under its real folder's name first.
        searched: set[tuple[int, int]] = set()
        links = [folder]
        while links:
            links += self._walk(links.pop(0), searched, is_top=not searched)
        for reason, paths in self.passed_over.items():
            warnings.warn(PassedOver(reason, sorted(paths)), stacklevel=3)
        return sorted(self.found)

    def _walk(self, top: Path, searched: set[tuple[int, int]], *, is_top: bool) -> list[Path]:
        """Search real folders from `top` on, and return the links to folders that were seen."""
        links: list[Path] = []
        for root, folders, names in os.walk(top, onerror=self._add_unreadable):
            place = Path(root)
            if self._is_searched(place, searched) or (not (is_top and place == top) and self._is_results(place, names)):
                folders.clear()
                continue
            self._add_files(place, names)
            wanted = sorted(name for name in folders if self._is_wanted(place / name))
            links += [place / name for name in wanted if (place / name).is_symlink()]
            folders[:] = [name for name in wanted if not (place / name).is_symlink()]
        return links

    def _is_searched(self, place: Path, searched: set[tuple[int, int]]) -> bool:
        try:
            status = place.stat()
        except OSError as error:
            self._add_unreadable(error)
            return True
        key = (status.st_dev, status.st_ino)
        # Without inode numbers (some network file systems) the resolved path decides.
        key = key if status.st_ino else (0, hash(os.path.realpath(place)))
        is_known = key in searched
        searched.add(key)
        return is_known

    def _is_results(self, place: Path, names: Sequence[str]) -> bool:
        prefix = self.results_prefix
        is_results = prefix is not None and any(name.startswith(prefix) for name in names)
        if is_results:
            self._pass_over("results of an earlier batch", place)
        return is_results

    def _is_wanted(self, folder: Path) -> bool:
        if self.excluded is not None and Path(os.path.realpath(folder)) == self.excluded:
            return False
        if folder.name.startswith("."):
            self._pass_over("hidden", folder)
        elif not self.recursive:
            self._pass_over("folders, which --recursive would search", folder)
        return self.recursive and not folder.name.startswith(".")

    def _add_files(self, place: Path, names: Sequence[str]) -> None:
        for path in (place / name for name in names):
            if path.name.startswith("."):
                self._pass_over("hidden", path)
            elif not os.path.exists(path):  # noqa: PTH110  Path.exists raises where permission is missing
                self._pass_over("broken links" if path.is_symlink() else "unreadable", path)
            elif path.suffix.lower() not in self.suffixes:
                self._pass_over("no pictures that styler reads", path)
            elif not os.path.isfile(path):  # noqa: PTH113  reading a pipe would block
                self._pass_over("pipes or devices", path)
            else:
                self.found.append(path)

    def _add_unreadable(self, error: OSError) -> None:
        self._pass_over(f"unreadable, {(error.strerror or str(error)).lower()}", Path(os.fsdecode(error.filename)))

    def _pass_over(self, reason: str, path: Path) -> None:
        self.passed_over.setdefault(reason, []).append(path)


def check_regular(path: Path) -> None:
    """Raise a StylerError if this is a pipe or a device, which may block a reader for ever."""
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):  # noqa: PTH110, PTH112, PTH113
        raise StylerError(f"{path} is a pipe or a device", "write it to a file first")


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
