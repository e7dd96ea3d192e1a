"""libvips, which decodes, encodes and converts colors, and files as it reads and writes them."""

import importlib
import os
from collections.abc import Callable
from functools import cache
from typing import Any

from styler.errors import StylerError


@cache
def vips() -> Any:
    """Return pyvips, imported when the first picture is opened or written.

    Raises:
        StylerError: If it, or the library behind it, is missing.
    """
    try:
        pyvips: Any = importlib.import_module("pyvips")
    except (ImportError, OSError) as error:
        what = f"the library libvips cannot be loaded: {' '.join(str(error).split())}"
        raise StylerError(what, "install it with: pip install pyvips pyvips-binary") from error
    pyvips.cache_set_max(0)  # it knows files by their names, also after they have been written anew
    if "VIPS_CONCURRENCY" not in os.environ:
        pyvips.concurrency_set(1)  # batches have threads that read and write; torch has the rest
    return pyvips


class Guarded:
    """A file's methods for libvips, through which no exception passes: the first one is kept in `error`."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.error: BaseException | None = None
        self.sources: list[Any] = []  # held, since libvips calls them until its picture is read

    def source(self) -> Any:
        """Return the file as libvips reads it, from its start."""
        self.file.seek(0)
        source = vips().SourceCustom()
        self.sources.append(source)
        source.on_read(self._guarded(self.file.read, b""))
        source.on_seek(self._guarded(self.file.seek, -1))
        return source

    def target(self) -> Any:
        """Return the file as libvips writes it."""
        target = vips().TargetCustom()
        target.on_write(self._guarded(self.file.write, -1))
        target.on_read(self._guarded(self.file.read, b""))
        target.on_seek(self._guarded(self.file.seek, -1))
        return target

    def _guarded(self, call: Callable[..., Any], failed: object) -> Callable[..., Any]:
        def guarded(*arguments: object) -> object:
            try:
                return call(*arguments)
            except (OSError, ValueError, KeyboardInterrupt) as error:
                self.error = self.error or error
                return failed

        return guarded
