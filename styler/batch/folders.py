"""Pictures found in a folder."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from styler.batch.ledger import PREFIX
from styler.choices import READABLE_SUFFIXES
from styler.errors import StylerError
from styler.files import FolderSearch, check_regular


@dataclass(frozen=True)
class Source:
    """A picture file, and its folder relative to the one that was searched."""

    path: Path
    folder: Path = Path()


def sources(
    path: Path, kind: str, out: Path | None, recursive: bool, suffixes: Sequence[str] = READABLE_SUFFIXES
) -> list[Source]:
    """Return the picture, or all pictures in the folder, sorted.

    Links are followed. Pictures in `out` are left out, as are subfolders with the ledger of an earlier batch. A
    `PassedOver` warning names everything else that is not used: hidden and unreadable files and folders, broken links,
    pipes, and files that are not pictures.

    Raises:
        StylerError: If there are none, the folder can't be read, or `out` is the folder itself.
    """
    if not os.path.exists(path):  # noqa: PTH110  Path.exists raises where permission is missing
        what = f"{path} is a broken link" if os.path.islink(path) else f"no such file or folder: {path}"  # noqa: PTH114
        raise StylerError(what, f"give the {kind} as a picture or a folder of pictures")
    if not path.is_dir():
        check_regular(path)
        return [Source(path)]
    results = None if out is None else Path(os.path.realpath(out))
    if Path(os.path.realpath(path)) == results:
        raise StylerError(f"the results would be written among the {kind} in {path}", "choose another folder with -o")
    search = FolderSearch(suffixes, recursive=recursive, excluded=results, results_prefix=PREFIX)
    found = [Source(file, file.parent.relative_to(path)) for file in search.run(path)]
    if not found:
        deeper = "" if recursive else ", or search its subfolders with --recursive"
        raise StylerError(f"no pictures in {path}", f"add some ({' '.join(suffixes)}){deeper}")
    return found
