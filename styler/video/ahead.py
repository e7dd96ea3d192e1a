"""Threads that work ahead of the network and behind it, with queues of limited length between."""

from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")
QUEUED_PIXELS = 2**23
"""Pixels of frames that wait in a queue."""

POLL = 0.05
"""Seconds after which a thread that waits looks whether it was stopped."""


class Stopped(Exception):  # noqa: N818  not an error: the run ended
    """Raised in a thread whose work is no longer wanted."""


def queue_length(height: int, width: int) -> int:
    """Return how many frames of a size may wait."""
    return max(2, min(32, QUEUED_PIXELS // max(1, height * width)))


class Ahead(Iterator[T]):
    """The items of an iterable, made ahead in a thread of its own; its errors are raised where items are taken."""

    def __init__(self, items: Iterable[T], length: int):
        """Begin, with at most `length` items waiting."""
        self._queue: Queue[T | BaseException | None] = Queue(length)
        self._stop, self._ended = Event(), False
        self._thread = Thread(target=self._run, args=(items,), daemon=True, name="decode")
        self._thread.start()

    def __next__(self) -> T:
        if self._ended:
            raise StopIteration
        item = self._queue.get()
        if item is None or isinstance(item, BaseException):
            self._ended = True
            raise StopIteration if item is None else item
        return item

    def close(self) -> None:
        """Stop the thread and wait for it."""
        self._stop.set()
        self._thread.join()

    def _run(self, items: Iterable[T]) -> None:
        try:
            for item in items:
                put(self._queue, item, self._stop)
            put(self._queue, None, self._stop)
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001  raised again in the thread that takes the items
            self._queue.put(error) if not self._stop.is_set() else None


class Behind(Generic[T]):
    """A function that takes items in a thread of its own, in their order."""

    def __init__(self, consume: Callable[[Iterator[T]], object], length: int):
        """Begin `consume`, which gets an iterator over the items, with at most `length` items waiting."""
        self._queue: Queue[T | None] = Queue(length)
        self._stop, self._error = Event(), None
        self._thread = Thread(target=self._run, args=(consume,), daemon=True, name="encode")
        self._thread.start()

    def put(self, item: T) -> None:
        """Add an item.

        Raises:
            Exception: What `consume` raised.
        """
        while True:
            if self._error is not None:
                raise self._error
            try:
                self._queue.put(item, timeout=POLL)
                return
            except Full:
                continue

    def finish(self) -> None:
        """Wait until all items are consumed.

        Raises:
            Exception: What `consume` raised.
        """
        while self._thread.is_alive():
            try:
                self._queue.put(None, timeout=POLL)
                break
            except Full:
                continue
        self._thread.join()
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        """Stop; `consume` sees `Stopped` raised by its iterator."""
        self._stop.set()
        self._thread.join()

    def _items(self) -> Iterator[T]:
        while True:
            if self._stop.is_set():
                raise Stopped
            try:
                item = self._queue.get(timeout=POLL)
            except Empty:
                continue
            if item is None:
                return
            yield item

    def _run(self, consume: Callable[[Iterator[T]], object]) -> None:
        try:
            consume(self._items())
        except Stopped:
            return
        except BaseException as error:  # noqa: BLE001  raised again in the thread that adds items
            self._error = error


def put(queue: "Queue[T]", item: T, stop: Event) -> None:
    """Put an item into a queue, or raise `Stopped` once the event is set."""
    while not stop.is_set():
        try:
            queue.put(item, timeout=POLL)
            return
        except Full:
            continue
    raise Stopped
