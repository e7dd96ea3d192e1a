"""The engine: threads that take jobs from the queue, with one model for each device."""

import asyncio
import struct
import threading
import time
import zlib
from collections.abc import Callable, Sequence

from styler.errors import StylerError
from styler.transfer.memory import is_out_of_memory
from styler.web.job_queue import JobQueue
from styler.web.jobs import Job, Order
from styler.web.limits import Limits
from styler.web.metrics import Metrics
from styler.web.problems import Problem, problem_of, stopping
from styler.web.rendering import Cancelled, Renderer

BATCH_PIXELS = 2**20
"""As in `styler.batch.pipeline`: larger batches are no faster on processors."""

FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
FAILURES = (
    *FAILURES,
    AssertionError,
    EOFError,
    ImportError,
    SyntaxError,
    struct.error,
    zlib.error,
)  # Pillow's decoders
FAILURES = (*FAILURES, Problem, Warning)  # the latter where a program makes warnings errors
"""What decoders, encoders, networks and replicas raise; `StylerError` is a RuntimeError."""


TRY_COMMAND = "try the same with styler transfer and STYLER_DEBUG=1, and report what it prints"


class Engine:
    """Runs jobs, and keeps finished ones for a while."""

    def __init__(self, renderers: Sequence[Renderer], limits: Limits, metrics: Metrics) -> None:
        """Start a thread for each renderer; one renderer may be given several times."""
        self.limits, self.metrics, self.renderer = limits, metrics, renderers[0]
        self.queue = JobQueue(limits)
        self.jobs: dict[str, Job] = {}
        self.num_listeners = 0
        self.order_lock, self.style_lock = asyncio.Lock(), asyncio.Lock()
        """Held while uploads are read into memory for the queue or for a style, so that many do not fill it."""
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        for one in renderers:
            self._start_thread(one)

    def submit(self, order: Order) -> Job:
        """Return a new job that waits for its turn.

        Raises:
            Problem: If too many wait, or the server is stopping.
        """
        job = Job(order, order.format)
        self.queue.put(job)
        with self._lock:
            self.jobs[job.id] = job
            self._drop_old()
        return job

    def cancel(self, job: Job) -> None:
        """Cancel a job; one that runs ends at its next stage."""
        job.cancelled.set()
        if self.queue.remove(job):
            job.end("cancelled")

    def forget(self, job: Job) -> None:
        """Cancel a job if it has not ended, and drop it and its result."""
        self.cancel(job)
        with self._lock:
            self.jobs.pop(job.id, None)

    def close(self) -> None:
        """Take no more jobs, and answer those that wait."""
        for job in self.queue.close():
            job.end("failed", problem=stopping())
        for job in list(self.jobs.values()):
            job.change()  # wakes up who listens

    def stop(self, seconds: float = 20) -> None:
        """Cancel what waits, wait for what runs, and end the threads."""
        self.close()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for job in list(self.jobs.values()):
            job.cancelled.set()

    def _drop_old(self) -> None:
        """Drop finished jobs that are too old, and the oldest while all results take too much memory."""
        ended = sorted((job for job in self.jobs.values() if job.ended is not None), key=lambda job: job.ended or 0)
        total, now = sum(len(job.result) for job in ended), time.monotonic()
        for job in ended:
            if now - (job.ended or now) > self.limits.result_seconds or total > self.limits.result_bytes:
                total -= len(job.result)
                self.jobs.pop(job.id, None)

    def _start_thread(self, renderer: Renderer) -> None:
        self._threads.append(threading.Thread(target=self._work, args=(renderer,), daemon=True))
        self._threads[-1].start()

    def _work(self, renderer: Renderer) -> None:
        """Run jobs until the queue is closed; what nobody foresaw ends this thread, and another takes its place."""
        jobs: list[Job] = []
        try:
            while jobs := self.queue.take(BATCH_PIXELS):
                self._run(jobs, renderer)
        finally:
            for job in jobs:
                if not job.has_ended:
                    self.metrics.count("failed")
                    job.end("failed", problem=Problem(500, "the transfer failed", TRY_COMMAND))
            if jobs:
                self._threads.remove(threading.current_thread())
                self._start_thread(renderer)

    def _run(self, jobs: Sequence[Job], renderer: Renderer) -> None:
        """Run jobs together; if that fails, each alone, so that one costs no other."""
        for job in (job for job in jobs if job.cancelled.is_set() and not job.has_ended):
            job.end("cancelled")
        jobs = [job for job in jobs if not job.has_ended]
        orders = [job.order for job in jobs if job.order is not None]
        if not orders:
            return
        start = time.monotonic()
        for job in jobs:
            job.change(state="running", started=start)
        try:
            results = renderer.render(orders, reporter(jobs))
        except Cancelled:
            for job in jobs:
                job.end("cancelled")
            self.metrics.count("cancelled", len(jobs))
            return
        except FAILURES as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._run([job], renderer)
                return
            self.metrics.count("failed")
            jobs[0].end("failed", problem=failure(error))
            return
        seconds = time.monotonic() - start
        self.metrics.observe(seconds, len(jobs))
        for job, data in zip(jobs, results, strict=True):
            job.seconds = seconds
            job.end("done", result=data)


def reporter(jobs: Sequence[Job]) -> Callable[[float], None]:
    """Return a function that tells jobs their progress, and ends the run once all are cancelled."""

    def report(progress: float) -> None:
        if all(job.cancelled.is_set() for job in jobs):
            raise Cancelled
        for job in jobs:
            if progress - job.progress >= 0.01:
                job.change(progress=progress)

    return report


def failure(error: Exception) -> Problem:
    """Return the problem of a job that failed; of unexpected errors only the class, nothing of this machine."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, StylerError):
        return problem_of(error)
    if is_out_of_memory(error):
        return Problem(507, "out of memory", "choose a smaller size")
    return Problem(500, f"the transfer failed: {type(error).__name__}", TRY_COMMAND)
