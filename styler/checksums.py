"""SHA-256 of files, and lists of them as `sha256sum` writes and checks. Knows no torch."""

import hashlib
from pathlib import Path

from styler.errors import StylerError


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
