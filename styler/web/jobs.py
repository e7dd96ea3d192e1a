"""Jobs: one picture to make each, from its upload to its result, with what happens in between."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from styler.transfer.style import Style
from styler.web.problems import Problem
from styler.web.uploads import Upload

State = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")

AnyStyle = str | Upload
"""The name of a built-in style, or a picture or .style file."""


@dataclass(frozen=True)
class Order:
    """What a request asks for.

    Attributes:
        content: The photograph.
        size: Its width and height before it is turned upright or resized.
        styles: What is mixed.
        regions: Masks with their styles.
        keep: Mask of the areas that stay unchanged.
        options: Keyword arguments of `Stylizer.stylize`.
        format: Of the file that comes back.
        metadata: "keep" or "strip".
        may_batch: Whether it may be processed together with others of its size; the result may then differ by rounding.
        read: Styles that were read from uploaded .style files, by upload.
    """

    content: Upload
    size: tuple[int, int]
    styles: Sequence[AnyStyle]
    regions: Sequence[tuple[Upload, AnyStyle]]
    keep: Upload | None
    options: dict[str, Any]
    format: str
    metadata: Literal["keep", "strip"]
    may_batch: bool = False
    read: dict[Upload, Style] = field(default_factory=dict)

    @property
    def num_bytes(self) -> int:
        """Bytes of all uploads."""
        uploads = [self.content, self.keep, *self.styles, *(one for pair in self.regions for one in pair)]
        return sum(len(one.data) for one in uploads if isinstance(one, Upload))

    @property
    def num_pixels(self) -> int:
        """Pixels of the result, about."""
        width, height = self.size
        scale = (self.options.get("size") or max(width, height)) / max(width, height, 1)
        return round(width * height * scale * scale)

    @property
    def batch_key(self) -> object:
        """Key of the orders that may be processed together; unique for one that may not."""
        if not self.may_batch or self.regions or self.keep or self.options.get("preserve_color") == "match":
            return id(self)
        styles = tuple(one if isinstance(one, str) else one.facts.sha256 for one in self.styles)
        return self.size, styles, repr(sorted(self.options.items()))


@dataclass(eq=False)
class Job:
    """An order on its way. Fields are written by the worker that runs it, and read by any thread.

    Attributes:
        order: What is asked for; None once it has ended, so that its uploads are freed.
        format: Of its file.
        id: Unguessable.
        state: What has become of it.
        progress: 0 to 1.
        result: The file, when it is done.
        problem: Why it failed.
        seconds: How long the networks took.
        started: On the clock of `time.monotonic`.
        ended: Likewise.
    """

    order: Order | None
    format: str = "png"
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    state: State = "waiting"
    progress: float = 0.0
    result: bytes = b""
    problem: Problem | None = None
    seconds: float = 0.0
    started: float | None = None
    ended: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    _watchers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the progress so far; None while there is none."""
        if self.started is None or self.progress < 0.1:
            return None
        gone = time.monotonic() - self.started
        return round(gone / self.progress * (1 - self.progress), 1)

    def change(self, **fields: Any) -> None:
        """Set fields, and wake up those who watch."""
        for name, value in fields.items():
            setattr(self, name, value)
        for watcher in list(self._watchers):
            watcher()

    def end(self, state: State, *, result: bytes = b"", problem: Problem | None = None) -> None:
        """Set the last state, and free the uploads."""
        self.ended = time.monotonic()
        self.order = None
        self.change(state=state, result=result, problem=problem, progress=1.0 if state == "done" else self.progress)

    @contextmanager
    def watched(self) -> Generator["Changes", None, None]:
        """Yield the changes of this job, for the running loop."""
        changes = Changes()
        self._watchers.append(changes.wake)
        try:
            yield changes
        finally:
            self._watchers.remove(changes.wake)

    def facts(self) -> dict[str, Any]:
        """Return what the API says of it, ready for JSON."""
        found: dict[str, Any] = {"id": self.id, "state": self.state, "progress": round(self.progress, 3)}
        found |= {"seconds_left": self.seconds_left if self.state == "running" else None}
        found |= {"seconds": round(self.seconds, 3), "bytes": len(self.result)}
        return found | {"problem": None if self.problem is None else self.problem.body()}


class Changes:
    """Wakes up a coroutine when a job changes; a thread tells it."""

    def __init__(self) -> None:
        self._event, self._loop = asyncio.Event(), asyncio.get_running_loop()

    def wake(self) -> None:
        """Note a change, from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)

    async def within(self, seconds: float) -> bool:
        """Return whether something changed since the last call or within some seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


def media_type(format: str) -> str:
    """Return the media type of a file format."""
    return f"image/{'jpeg' if format == 'jpg' else format}"
