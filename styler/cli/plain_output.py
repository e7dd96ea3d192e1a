"""Plain lines on any console: escapes for what it cannot show, and warnings. Does not import rich."""

import io
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from styler.errors import StylerWarning


def printable(text: object) -> str:
    """Return the text with line breaks, control characters and bytes that are not UTF-8 as escapes.

    File names may contain all of them, and a terminal would execute control sequences.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in str(text)
    )


def escape_unencodable_output() -> None:
    """Let standard output and error escape characters that their encoding lacks, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def plain_warnings() -> Generator[None]:
    """Print each `StylerWarning` in the block as one line on standard error, without the line of code."""
    with warnings.catch_warnings():
        usual = warnings.showwarning

        def show(message, category, *place, **options) -> None:
            if issubclass(category, StylerWarning):
                sys.stderr.write(f"warning: {printable(message)}\n")
            else:
                usual(message, category, *place, **options)

        warnings.showwarning = show  # ty: ignore[invalid-assignment]  the place of the warning is passed through
        warnings.simplefilter("always", StylerWarning)
        yield


@contextmanager
def collected_warnings() -> Generator[list[StylerWarning]]:
    """Yield a list that has the `StylerWarning`s of the block after it."""
    found: list[StylerWarning] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", StylerWarning)
        try:
            yield found
        finally:
            found += [one.message for one in caught if isinstance(one.message, StylerWarning)]
