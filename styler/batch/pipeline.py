"""The pipeline: threads read pictures ahead and write results behind, while one model stylizes."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

import torch

from styler.batch.budget import PixelBudget
from styler.batch.ledger import Ledger
from styler.batch.pictures import BatchStylizer, LoadedPicture
from styler.batch.plan import Job
from styler.errors import StylerError
from styler.transfer.memory import is_out_of_memory

BATCH_PIXELS = 2**20
"""Maximum pixels of a batch for the network. On two cores in bfloat16, a batch takes 0.87 of the seconds per picture of
single pictures at 512 pixels; at 1024, where one picture fills the batch, a batch of four is not faster. Results differ
by rounding at most: in float32 at 128 pixels one byte of 1500 by 1, elsewhere none.
"""

NUM_READ_AHEAD = 16
"""Pictures read ahead: enough to find several with the same `batch_key` in a folder of mixed sizes."""

FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""Exceptions of decoders, encoders and networks; `StylerError` is a RuntimeError."""

T = TypeVar("T")

NUM_THREADS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True)
class Outcome:
    """Result of a job: its seconds, or its error."""

    job: Job
    seconds: float = 0.0
    error: StylerError | None = None


class Pipeline:
    """Reads, stylizes and writes the jobs of one run."""

    def __init__(
        self, batch_stylizer: BatchStylizer, ledger: Ledger, *, num_threads: int = NUM_THREADS, fail_fast: bool = False
    ):
        """Create the threads.

        Args:
            batch_stylizer: Loads, stylizes and saves the pictures.
            ledger: Ledger of this run.
            num_threads: Reader threads, and as many writer threads.
            fail_fast: Whether no new picture is started after a failure.
        """
        self.stylizer, self.ledger, self.fail_fast = batch_stylizer, ledger, fail_fast
        self._budget = PixelBudget()
        self._reading: dict[Future[LoadedPicture], Job] = {}
        self._ready: list[LoadedPicture] = []
        self._writing: dict[Future[float], Job] = {}
        self._readers, self._writers = (ThreadPoolExecutor(num_threads, name) for name in ("read", "write"))

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield the outcome of each job as it finishes.

        A picture that fails does not stop the others, whatever its error was. With `fail_fast` nothing more is started
        after the first failure, and results that wait to be written are dropped.

        Raises:
            StylerError: If the ledger can't be written.
        """
        left = iter(jobs)
        try:
            while True:
                while len(self._reading) + len(self._ready) < NUM_READ_AHEAD and (job := next(left, None)) is not None:
                    self._reading[self._readers.submit(self._read, job)] = job
                if not (self._reading or self._ready or self._writing):
                    return
                ended = self._collect_finished()
                if self._ready and not self._is_stopped(ended):
                    ended += self._stylize(self._next_batch())
                if self._is_stopped(ended):
                    left = iter(())
                    self._cancel_reading()
                    self._cancel_writing()
                yield from ended
        finally:
            self._cancel_reading()
            self._readers.shutdown()
            self._writers.shutdown()

    def _is_stopped(self, ended: Sequence[Outcome]) -> bool:
        return self.fail_fast and any(outcome.error for outcome in ended)

    def _read(self, job: Job) -> LoadedPicture:
        num_pixels = self.stylizer.pixels_to_load(job)
        self._budget.acquire(num_pixels)
        try:
            loaded = self.stylizer.load(job)
        except BaseException:
            self._budget.release(num_pixels)
            raise
        self._budget.release(num_pixels - loaded.num_pixels)
        return loaded

    def _collect_finished(self) -> list[Outcome]:
        """Return the outcomes of finished reads and writes; wait for one if no picture is ready for the network."""
        futures = [*self._reading, *self._writing]
        wait(futures, 0 if self._ready else None, FIRST_COMPLETED)
        ended = []
        for job, loaded in _pop_finished(self._reading):
            if isinstance(loaded, StylerError):
                ended.append(self._record_failure(job, loaded))
            else:
                self._ready.append(loaded)
        for job, seconds in _pop_finished(self._writing):
            ended.append(
                self._record_failure(job, seconds) if isinstance(seconds, StylerError) else Outcome(job, seconds)
            )
        return ended

    def _next_batch(self) -> list[LoadedPicture]:
        first = self._ready[0]
        matching = [loaded for loaded in self._ready if loaded.batch_key == first.batch_key]
        settings = self.stylizer.settings  # masks are for one picture; to refine several at once is no faster
        is_single = any(settings.get(name) for name in ("regions", "keep", "refine"))
        batch = matching[: 1 if is_single else max(1, BATCH_PIXELS // first.num_pixels)]
        self._ready = [loaded for loaded in self._ready if loaded not in batch]
        return batch

    def _stylize(self, batch: list[LoadedPicture]) -> list[Outcome]:
        start = time.perf_counter()
        try:
            images = self.stylizer.stylize(batch)
        except FAILURES as error:
            if len(batch) > 1:  # one by one, so that only the pictures at fault fail
                ended: list[Outcome] = []
                for loaded in batch:
                    ended += [] if self._is_stopped(ended) else self._stylize([loaded])
                return ended
            self._budget.release(batch[0].num_pixels)
            return [self._record_failure(batch[0].job, as_styler_error(batch[0].job, error))]
        seconds = time.perf_counter() - start
        for loaded, image in zip(batch, images, strict=True):
            self._writing[self._writers.submit(self._write, loaded, image, seconds / len(batch))] = loaded.job
        return []

    def _write(self, loaded: LoadedPicture, image: torch.Tensor, seconds: float) -> float:
        try:
            return self.stylizer.save(loaded, image, seconds, self.ledger)
        finally:
            self._budget.release(loaded.num_pixels)

    def _record_failure(self, job: Job, error: StylerError) -> Outcome:
        self.ledger.append({"outcome": "failed", "out": job.key, "error": error.what})
        return Outcome(job, error=error)

    def _cancel_writing(self) -> None:
        """Drop results whose writing has not begun."""
        for future in [future for future in self._writing if future.cancel()]:
            del self._writing[future]

    def _cancel_reading(self) -> None:
        """Discard pictures that were read; writes in progress continue."""
        for future in self._reading:
            future.cancel()
        self._reading.clear()
        self._ready.clear()
        self._budget.remove_limit()


def _pop_finished(futures: dict[Future[T], Job]) -> Iterator[tuple[Job, T | StylerError]]:
    """Remove finished futures, and yield their jobs with the result or the error."""
    for future in [future for future in futures if future.done()]:
        job = futures.pop(future)
        try:
            result = future.result()
        except FAILURES as error:
            result = as_styler_error(job, error)
        yield job, result


def as_styler_error(job: Job, error: Exception) -> StylerError:
    """Return the error of one picture; other exceptions than `StylerError` with their class and first line."""
    if isinstance(error, StylerError):
        return error
    if is_out_of_memory(error):
        return StylerError(f"{job.content} does not fit into memory", "choose a smaller --size or --max-memory")
    reason = next(iter(str(error).splitlines()), "") or "no message"
    todo = "run styler transfer with this picture and STYLER_DEBUG=1, and report what it prints"
    return StylerError(f"{job.content}: {type(error).__name__}: {reason}", todo)
