"""The queue of waiting jobs: bounded in number and bytes, in order of arrival, equal ones together."""

import threading
from collections import deque

from styler.web.jobs import Job
from styler.web.limits import Limits
from styler.web.problems import busy, stopping


class JobQueue:
    """Jobs between the requests and the workers."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.is_closed = False
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Append a job.

        Raises:
            Problem: If there are too many, or the server is stopping.
        """
        with self._changed:
            if self.is_closed:
                raise stopping()
            total = sum(one.order.num_bytes for one in (*self._jobs, job) if one.order is not None)
            is_full = self._jobs and total > self.limits.waiting_bytes
            if len(self._jobs) >= self.limits.num_waiting or is_full:
                raise busy()
            self._jobs.append(job)
            self._changed.notify()

    def take(self, max_pixels: int) -> list[Job]:
        """Return the next job with those that may be processed together with it, at most `max_pixels`; wait for one.

        An empty list means that the queue is closed.
        """
        with self._changed:
            while not self._jobs and not self.is_closed:
                self._changed.wait()
            if not self._jobs:
                return []
            first = self._jobs.popleft()
            if first.order is None:  # cancelled meanwhile
                return [first]
            most = max(1, max_pixels // max(1, first.order.num_pixels))
            key = first.order.batch_key
            equal = [job for job in self._jobs if job.order is not None and job.order.batch_key == key]
            taken = [first, *equal[: most - 1]]
            self._jobs = deque(job for job in self._jobs if job not in taken)
            return taken

    def remove(self, job: Job) -> bool:
        """Remove a waiting job, and return whether it was waiting."""
        with self._changed:
            if job not in self._jobs:
                return False
            self._jobs.remove(job)
            return True

    def close(self) -> list[Job]:
        """Refuse further jobs, and return those that wait."""
        with self._changed:
            self.is_closed = True
            left = list(self._jobs)
            self._jobs.clear()
            self._changed.notify_all()
            return left
