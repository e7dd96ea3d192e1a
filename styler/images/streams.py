"""Binary streams, which may not seek: held in memory while they are small, and named in messages."""

import os
import tempfile
from typing import BinaryIO, cast

_IN_MEMORY = 1 << 26  # bytes; the rest goes to a file


def spooled_file() -> BinaryIO:
    """Return a new file, in memory while it is small, that is gone once it is closed."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY))


def name_of(place: str | os.PathLike[str] | BinaryIO) -> str:
    """Return what to call a path or a stream in a message."""
    if isinstance(place, str | os.PathLike):
        return os.fspath(place)
    name = str(getattr(place, "name", "the stream"))
    return {"<stdin>": "standard input", "<stdout>": "standard output"}.get(name, name)
