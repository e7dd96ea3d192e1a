"""Counters of a server as text for Prometheus."""

import threading
from collections import Counter
from collections.abc import Mapping

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds."""


class Metrics:
    """Counts of jobs by outcome, and a histogram of their seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: Counter[str] = Counter(done=0, failed=0, cancelled=0, refused=0)
        self._buckets: Counter[float] = Counter(dict.fromkeys(BUCKETS, 0))
        self._seconds, self._batches = 0.0, 0

    def count(self, outcome: str, number: int = 1) -> None:
        """Add jobs of an outcome."""
        with self._lock:
            self._outcomes[outcome] += number

    def observe(self, seconds: float, number: int) -> None:
        """Add jobs that were done together."""
        with self._lock:
            self._outcomes["done"] += number
            self._seconds += seconds
            self._batches += 1
            for bucket in BUCKETS:
                self._buckets[bucket] += seconds <= bucket

    def text(self, gauges: Mapping[str, float]) -> str:
        """Return everything in Prometheus' text format, with gauges of the moment."""
        with self._lock:
            lines = ["# TYPE styler_jobs_total counter"]
            lines += [
                f'styler_jobs_total{{outcome="{name}"}} {self._outcomes[name]}' for name in sorted(self._outcomes)
            ]
            lines += ["# TYPE styler_transfer_seconds histogram"]
            lines += [f'styler_transfer_seconds_bucket{{le="{edge:g}"}} {self._buckets[edge]}' for edge in BUCKETS]
            lines += [f'styler_transfer_seconds_bucket{{le="+Inf"}} {self._batches}']
            lines += [
                f"styler_transfer_seconds_sum {self._seconds:.6f}",
                f"styler_transfer_seconds_count {self._batches}",
            ]
        for name, value in gauges.items():
            lines += [f"# TYPE styler_{name} gauge", f"styler_{name} {value:g}"]
        return "\n".join(lines) + "\n"
