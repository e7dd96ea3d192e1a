"""Names and hashes of what a video is made from."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from styler.transfer.input_record import file_hash


def input_record(content: Path, others: Sequence[Path]) -> list[dict[str, str]]:
    """Return names and hashes of files; a folder of frames counts with the names, sizes and times of its files."""
    return [{"name": path.name, "sha256": folder_hash(path)} for path in (content, *others)]


def folder_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or of what a folder lists."""
    if path.is_file():
        return file_hash(path)
    folder = path if path.is_dir() else path.parent
    listed = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(folder.iterdir())]
    return hashlib.sha256(repr(listed).encode()).hexdigest()
