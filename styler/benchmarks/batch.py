"""Time of a batch, compared with the time of the network alone."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from styler.batch.ledger import open_ledger
from styler.batch.pictures import BatchStylizer
from styler.batch.pipeline import Pipeline
from styler.batch.plan import Job
from styler.batch.shards import Shard
from styler.transfer.stylizer import Stylizer


@dataclass(frozen=True)
class BatchRow:
    """Seconds of one round: of the network alone, for single pictures in memory, and of the whole batch."""

    pictures: int
    network: float
    batch: float


def batch_rows(
    contents: Sequence[Path],
    style: Path,
    stylizer: Stylizer,
    *,
    size: int,
    format: str = "png",
    repeats: int = 5,
) -> Iterator[BatchRow]:
    """Yield one row per round, after a warm-up round; both are timed in turn, because clock speed and load drift."""
    jobs = [Job(path, style, 1.0, Path(f"{number}.{format}")) for number, path in enumerate(contents)]
    for number in range(repeats + 1):
        with tempfile.TemporaryDirectory() as folder:
            network, batch = (
                seconds(jobs, BatchStylizer(stylizer, {"size": size}, Path(folder)))
                for seconds in (network_seconds, batch_seconds)
            )
        if number:
            yield BatchRow(len(jobs), network, batch)


def batch_seconds(jobs: Sequence[Job], batch_stylizer: BatchStylizer) -> float:
    """Return the seconds of the batch, from file to file.

    Raises:
        StylerError: If a picture fails.
    """
    batch_stylizer.stylizer.clear_cache()
    start = time.perf_counter()
    with open_ledger(batch_stylizer.folder, Shard(), jobs) as ledger:
        for outcome in Pipeline(batch_stylizer, ledger).outcomes(jobs):
            if outcome.error is not None:
                raise outcome.error
    return time.perf_counter() - start


def network_seconds(jobs: Sequence[Job], batch_stylizer: BatchStylizer) -> float:
    """Return the seconds of the network for contents in memory, one after the other."""
    batch_stylizer.stylizer.clear_cache()
    total = 0.0
    for job in jobs:
        loaded = batch_stylizer.load(job)
        start = time.perf_counter()
        batch_stylizer.stylize([loaded])
        total += time.perf_counter() - start
    return total
