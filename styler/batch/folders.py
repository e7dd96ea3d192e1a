"""Pictures found in a folder."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from styler.choices import READABLE_SUFFIXES
from styler.errors import StylerError


@dataclass(frozen=True)
class Source:
    """A picture file, and its folder relative to the one that was searched."""

    path: Path
    folder: Path = Path()


def sources(
    path: Path, kind: str, out: Path | None, recursive: bool, suffixes: Sequence[str] = READABLE_SUFFIXES
) -> list[Source]:
    """Return the picture, or all pictures in the folder, sorted; hidden files and those in `out` are skipped.

    Raises:
        StylerError: If there are none, or `out` is the folder itself.
    """
    if not path.exists():
        raise StylerError(f"no such file or folder: {path}", f"give the {kind} as a picture or a folder of pictures")
    if not path.is_dir():
        return [Source(path)]
    results = None if out is None else out.resolve()
    if path.resolve() == results:
        raise StylerError(f"the results would be written among the {kind} in {path}", "choose another folder with -o")
    found = [
        Source(file, file.parent.relative_to(path)) for file in sorted(_pictures(path, results, recursive, suffixes))
    ]
    if not found:
        deeper = "" if recursive else ", or search its subfolders with --recursive"
        raise StylerError(f"no pictures in {path}", f"add some ({' '.join(suffixes)}){deeper}")
    return found


def _pictures(path: Path, results: Path | None, recursive: bool, suffixes: Sequence[str]) -> Iterator[Path]:
    for root, folders, names in os.walk(path):
        folder = Path(root)
        folders[:] = [name for name in folders if recursive and _is_wanted(folder / name, results)]
        shown = [folder / name for name in names if name[0] != "." and Path(name).suffix.lower() in suffixes]
        yield from (file for file in shown if file.is_file())  # reading a pipe would block


def _is_wanted(folder: Path, results: Path | None) -> bool:
    return folder.name[0] != "." and folder.resolve() != results
