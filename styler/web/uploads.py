"""Uploaded files: in memory, named by the last part of what the sender calls them, never by a path."""

import hashlib
import io
import re
from dataclasses import dataclass
from functools import cached_property

from styler.choices import STYLE_SUFFIX
from styler.images.opening import opened
from styler.transfer.input_record import FileFacts
from styler.web.problems import Problem

MAX_NAME = 120
"""Characters of a name."""


@dataclass(frozen=True)
class Upload:
    """The bytes of a file and its name, which is written into records and messages and opens nothing."""

    name: str
    data: bytes

    @cached_property
    def facts(self) -> FileFacts:
        """Name and hash, for the record of a picture."""
        return FileFacts(self.name, hashlib.sha256(self.data).hexdigest())

    @property
    def is_style(self) -> bool:
        """Whether it is called like a .style file."""
        return self.name.lower().endswith(STYLE_SUFFIX)

    @property
    def stream(self) -> io.BytesIO:
        """A stream of the bytes that bears the name, which messages then show."""
        stream = io.BytesIO(self.data)
        stream.name = self.name
        return stream

    def checked_size(self, max_pixels: int) -> tuple[int, int]:
        """Return width and height from the header of a picture, of which nothing is decoded.

        Raises:
            StylerError: If it is no picture that can be read.
            Problem: If it has too many pixels.
        """
        with opened(self.stream, self.name) as found:
            width, height = found.size
        if width * height > max_pixels:
            what = f"{self.name} has more than {max_pixels / 1e6:.3g} megapixels: {width}×{height}"
            raise Problem(413, what, "make it smaller first")
        return width, height


def safe_name(name: str | None, default: str) -> str:
    """Return the last part of a name without control characters, of at most `MAX_NAME` characters."""
    last = re.split(r"[/\\]", name or "")[-1]
    kept = "".join(letter for letter in last if letter.isprintable()).strip()
    stem, dot, suffix = kept.rpartition(".")
    if len(kept) > MAX_NAME:
        kept = (stem[: MAX_NAME - 12] if dot else kept[:MAX_NAME]) + dot + suffix[:10]
    return kept if kept.strip(".") else default
