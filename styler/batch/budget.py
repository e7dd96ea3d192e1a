"""Limit on the pixels that are in memory between reading and writing."""

import math
import threading

MAX_PIXELS = 2**25
"""Pixels of pictures that were read and are not yet written; each takes 24 bytes, so 800 MB at most."""


class PixelBudget:
    """A semaphore counted in pixels: threads acquire the pixels of a picture before they read it."""

    def __init__(self, limit: float = MAX_PIXELS):
        self._limit, self._held, self._changed = limit, 0, threading.Condition()

    def acquire(self, count: int) -> None:
        """Wait until `count` more pixels fit, or until none are held, so that a picture above the limit passes too."""
        with self._changed:
            self._changed.wait_for(lambda: self._held == 0 or self._held + count <= self._limit)
            self._held += count

    def release(self, count: int) -> None:
        """Return `count` pixels to the budget."""
        with self._changed:
            self._held -= count
            self._changed.notify_all()

    def remove_limit(self) -> None:
        """Let all waiting threads continue, because the run ends."""
        with self._changed:
            self._limit = math.inf
            self._changed.notify_all()
