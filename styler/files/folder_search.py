"""Search of a folder for files, with a warning of what else is in it."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from styler.errors import StylerWarning

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
class FolderSearch:
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
