"""The styles that were used last, by the samples of their pictures. Safe in many threads."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from threading import Lock

from torch import Tensor

from styler.transfer.style import Style


class StyleCache:
    """At most `size` styles; the least recently used one is dropped first."""

    def __init__(self, size: int):
        self.size = size
        self._styles, self._lock = OrderedDict[str, Style](), Lock()

    def get(self, image: Tensor, alpha: Tensor | None, network: str, compute: Callable[[], Style]) -> Style:
        """Return the style of these samples as a network with this fingerprint sees it, computed if it is not there."""
        parts = [x for x in (image, alpha) if x is not None]
        key = network + "".join(f"{sha256(x.cpu().contiguous().numpy()).hexdigest()}{x.dtype}{x.shape}" for x in parts)
        with self._lock:
            found = self._styles.get(key)
        found = compute() if found is None else found  # outside the lock, so that other threads need not wait
        with self._lock:
            self._styles[key] = found
            self._styles.move_to_end(key)
            while len(self._styles) > self.size:
                self._styles.popitem(last=False)
        return found

    def clear(self) -> None:
        """Drop all styles."""
        with self._lock:
            self._styles.clear()
