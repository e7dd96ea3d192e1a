"""Whether a picture file can be written. Does not import torch: an existing file is refused at once."""

import errno
import os
from pathlib import Path

from styler.choices import FORMATS, Format
from styler.errors import StylerError
from styler.files import exists_error, write_error


def writable_format(target: str | os.PathLike[str], *, format: str | None = None, overwrite: bool = False) -> Format:
    """Return the format in which `save_image` would write: checked before long work.

    Raises:
        StylerError: If the file extension is unknown, the folder missing or read-only, or the file exists.
    """
    path = Path(target)
    chosen = FORMATS.get(path.suffix.lower() if format is None else f".{format.lower()}")
    if chosen is None:
        raise StylerError(
            f"{path} has no file extension of a picture that can be written", f"choose one of {', '.join(FORMATS)}"
        )
    try:
        if not path.parent.is_dir():
            raise StylerError(f"no such folder: {path.parent}", f"make it first: mkdir -p {path.parent}")
        if path.exists() and not path.is_file():
            raise StylerError(f"{path} is not a file", "choose another name")
        if path.exists() and not overwrite:
            raise exists_error(path)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise write_error(path, error) from error
    return chosen
