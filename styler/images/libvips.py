"""libvips, which decodes, encodes and converts colors, and files as it reads and writes them."""

import importlib
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from math import inf
from typing import Any

import numpy as np

from styler.errors import StylerError

DTYPES = {"uchar": "u1", "char": "i1", "ushort": "u2", "short": "i2", "uint": "u4", "int": "i4", "float": "f4"}
DTYPES |= {"double": "f8"}


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


class _Workers:
    """Threads of libvips that a write leaves for the next one: they end after 15 s without work.

    A fork takes them along in the books, but not in fact, and a write in the child would wait for them for ever.
    """

    last_write, lost = -inf, False

    @classmethod
    def after_fork(cls) -> None:
        """Note in the child whether there were any."""
        cls.lost |= time.monotonic() - cls.last_write < 20


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Workers.after_fork)


@contextmanager
def writing() -> Generator[None]:
    """Surround what libvips writes; what it reads through regions needs none of its threads.

    Raises:
        StylerError: If this process was forked right after its parent had written.
    """
    if _Workers.lost:
        what = "this process was forked within 20 s after its parent had written a picture, and cannot write one"
        raise StylerError(what, 'start it anew: multiprocessing.get_context("spawn")')
    _Workers.last_write = inf
    try:
        yield
    finally:
        _Workers.last_write = time.monotonic()


def samples_of(image: Any, top: int = 0, height: int | None = None) -> np.ndarray:
    """Return rows of a picture as `(h, W, C)`, computed in this thread alone."""
    height = image.height if height is None else height
    buffer = vips().Region.new(image).fetch(0, top, image.width, height)
    return np.frombuffer(buffer, DTYPES[image.format]).reshape(height, image.width, image.bands)


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
