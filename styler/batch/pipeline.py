"""The pipeline: threads read ahead and write behind, around one model that never waits for a batch to fill."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

import torch

from styler.batch.budget import PixelBudget
from styler.batch.ledger import Ledger
from styler.batch.pictures import Loaded, Studio
from styler.batch.plan import Job
from styler.errors import StylerError
from styler.images import image_size

BATCH_PIXELS = 2**20
"""Pictures of one likeness go together up to here. On two cores in bfloat16, seconds a picture fall to 0.87 of those
of one by one at 512 pixels; at 1024, where one fills it, four gain nothing. Values move by rounding at most: in
float32 at 128 pixels one byte of 1500 by 1, elsewhere none.
"""

NUM_AHEAD = 16
"""Pictures read before their turn: enough to find some of one likeness among a folder's."""

T = TypeVar("T")

NUM_THREADS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the seconds that it took, or why it failed."""

    job: Job
    seconds: float = 0.0
    error: StylerError | None = None


class Pipeline:
    """The jobs of one run on their way."""

    def __init__(self, studio: Studio, ledger: Ledger, *, num_threads: int = NUM_THREADS, fail_fast: bool = False):
        """Start no more than threads.

        Args:
            studio: What does the work.
            ledger: Where it is written down.
            num_threads: Of reading, and of writing.
            fail_fast: Whether nothing new is begun after a failure.
        """
        self.studio, self.ledger, self.fail_fast = studio, ledger, fail_fast
        self._budget = PixelBudget()
        self._reading: dict[Future[Loaded], Job] = {}
        self._ready: list[Loaded] = []
        self._writing: dict[Future[float], Job] = {}
        self._readers, self._writers = (ThreadPoolExecutor(num_threads, name) for name in ("read", "write"))

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield the outcome of each job, in the order in which they end.

        Raises:
            StylerError: If the ledger can't be written.
        """
        left = iter(jobs)
        try:
            while True:
                while len(self._reading) + len(self._ready) < NUM_AHEAD and (job := next(left, None)) is not None:
                    self._reading[self._readers.submit(self._read, job)] = job
                if not (self._reading or self._ready or self._writing):
                    return
                ended = self._ended()
                if self._ready:
                    ended += self._stylize(self._next_batch())
                if self.fail_fast and any(outcome.error for outcome in ended):
                    left = iter(())
                    self._drop()
                yield from ended
        finally:
            self._drop()
            self._readers.shutdown()
            self._writers.shutdown()

    def _read(self, job: Job) -> Loaded:
        height, width = image_size(job.content) or (0, 0)
        self._budget.take(height * width)
        try:
            loaded = self.studio.load(job)
        except StylerError:
            self._budget.give(height * width)
            raise
        self._budget.give(height * width - loaded.num_pixels)
        return loaded

    def _ended(self) -> list[Outcome]:
        """Collect what the threads have done; wait for something if there is nothing for the network to do."""
        futures = [*self._reading, *self._writing]
        wait(futures, 0 if self._ready else None, FIRST_COMPLETED)
        ended = []
        for job, loaded in _collected(self._reading):
            if isinstance(loaded, StylerError):
                ended.append(self._failed(job, loaded))
            else:
                self._ready.append(loaded)
        for job, seconds in _collected(self._writing):
            ended.append(self._failed(job, seconds) if isinstance(seconds, StylerError) else Outcome(job, seconds))
        return ended

    def _next_batch(self) -> list[Loaded]:
        first = self._ready[0]
        alike = [loaded for loaded in self._ready if loaded.likeness == first.likeness]
        batch = alike[: max(1, BATCH_PIXELS // first.num_pixels)]
        self._ready = [loaded for loaded in self._ready if loaded not in batch]
        return batch

    def _stylize(self, batch: list[Loaded]) -> list[Outcome]:
        start = time.perf_counter()
        try:
            images = self.studio.stylize(batch)
        except StylerError as error:
            for loaded in batch:
                self._budget.give(loaded.num_pixels)
            return [self._failed(loaded.job, error) for loaded in batch]
        seconds = time.perf_counter() - start
        for loaded, image in zip(batch, images, strict=True):
            self._writing[self._writers.submit(self._write, loaded, image, seconds / len(batch))] = loaded.job
        return []

    def _write(self, loaded: Loaded, image: torch.Tensor, seconds: float) -> float:
        try:
            return self.studio.save(loaded, image, seconds, self.ledger)
        finally:
            self._budget.give(loaded.num_pixels)

    def _failed(self, job: Job, error: StylerError) -> Outcome:
        self.ledger.append({"outcome": "failed", "out": job.key, "error": error.what})
        return Outcome(job, error=error)

    def _drop(self) -> None:
        """Forget what was read, and let what is being written end."""
        for future in self._reading:
            future.cancel()
        self._reading.clear()
        self._ready.clear()
        self._budget.lift()


def _collected(futures: dict[Future[T], Job]) -> Iterator[tuple[Job, T | StylerError]]:
    """Take out the futures that are done, and yield their results or what went wrong."""
    for future in [future for future in futures if future.done()]:
        job = futures.pop(future)
        try:
            result = future.result()
        except StylerError as error:
            result = error
        yield job, result
