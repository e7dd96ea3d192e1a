"""SHA-256 of files."""

import hashlib
from pathlib import Path

from styler.errors import StylerError


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
