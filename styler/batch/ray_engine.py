"""A batch on a Ray cluster: a Ray Data pool of actors, each with its own model and ledger.

All machines need styler, and contents, styles and the folder of results under the same paths. Ray restarts an actor
that dies and repeats its jobs; finished pictures are skipped.
"""

import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from styler.batch.ledger import Ledger
from styler.batch.pictures import BatchStylizer
from styler.batch.pipeline import Outcome, Pipeline
from styler.batch.plan import Job
from styler.batch.ray_cluster import connect_to_ray
from styler.batch.resuming import remaining_jobs
from styler.errors import StylerError
from styler.process import keep_freed_memory

MAX_JOBS_PER_TASK = 16
"""Enough to keep the threads of an actor busy, and few enough that the last task is short."""

MIN_TASKS_PER_WORKER = 4
"""If there are enough jobs, so that all workers finish at about the same time."""


class WorkerSetup(Protocol):
    """What each worker gets, pickled: the folder of the results, an absolute path, and how to load the model."""

    @property
    def folder(self) -> Path:
        """Folder of the results and ledgers."""
        ...

    def batch_stylizer(self) -> BatchStylizer:
        """Return a new `BatchStylizer` with the model loaded."""
        ...


class Worker:
    """A Ray actor with a loaded model and its own ledger."""

    def __init__(self, setup: WorkerSetup, jobs: Sequence[Job], ledger: str, num_threads: int):
        keep_freed_memory()
        self.stylizer = setup.batch_stylizer()
        self.ledger = Ledger(setup.folder / f"{ledger}-ray-{secrets.token_hex(6)}.jsonl")
        self.jobs, self.num_threads = jobs, num_threads

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Return one row per job; the jobs are given as indices into `jobs`."""
        numbers = {self.jobs[number]: int(number) for number in batch["number"]}
        found = remaining_jobs(list(numbers), self.stylizer)  # a worker that died may have finished some
        for line in found.unwritten:
            self.ledger.append(line)
        outcomes = [Outcome(job) for job in found.skipped]
        outcomes += Pipeline(self.stylizer, self.ledger, num_threads=self.num_threads).outcomes(found.left)
        errors = [("", "") if outcome.error is None else outcome.error.args for outcome in outcomes]
        return {
            "number": [numbers[outcome.job] for outcome in outcomes],
            "seconds": [outcome.seconds for outcome in outcomes],
            "what": [what for what, _ in errors],
            "todo": [todo for _, todo in errors],
        }


def ray_outcomes(
    jobs: Sequence[Job],
    setup: WorkerSetup,
    *,
    ledger: str,
    num_threads: int = 1,
    address: str | None = None,
    num_workers: int | None = None,
    fail_fast: bool = False,
) -> Iterator[Outcome]:
    """Yield the outcome of each job as its task finishes.

    Args:
        jobs: Pictures to make.
        setup: From which each actor loads its own model, see `WorkerSetup`.
        ledger: Prefix of the names of the actors' ledgers.
        num_threads: Reader threads of each actor, and as many writer threads.
        address: Address of a cluster; by default one is started on this machine and stopped afterwards.
        num_workers: Number of actors; by default one per GPU, or one per processor core without GPUs.
        fail_fast: Whether the run stops after a failure.

    Raises:
        StylerError: If Ray is not installed, or there is no cluster at the address.
    """
    if not jobs:
        return
    ray = connect_to_ray_data(address)
    try:
        gpus, cores = (int(ray.cluster_resources().get(name, 0)) for name in ("GPU", "CPU"))
        jobs = [
            replace(
                job,
                content=job.content.absolute(),
                style=job.style.absolute(),
                more_styles=tuple(path.absolute() for path in job.more_styles),
            )
            for job in jobs
        ]
        size = num_workers or gpus or max(1, cores)
        tasks = min(len(jobs), max(size * MIN_TASKS_PER_WORKER, -(-len(jobs) // MAX_JOBS_PER_TASK)))
        numbers = ray.data.from_items([{"number": k} for k in range(len(jobs))], override_num_blocks=tasks)
        rows = numbers.map_batches(
            Worker,
            fn_constructor_args=(setup, jobs, ledger, num_threads),
            batch_size=None,
            compute=ray.data.ActorPoolStrategy(min_size=1, initial_size=size, max_size=size),
            num_gpus=min(1, gpus),
            num_cpus=None if gpus else 1,
        )
        for row in rows.iter_rows():
            error = StylerError(row["what"], row["todo"]) if row["what"] else None
            yield Outcome(jobs[row["number"]], row["seconds"], error)
            if error and fail_fast:
                return
    finally:
        ray.shutdown()


def connect_to_ray_data(address: str | None) -> Any:
    """Return the `ray` module with Ray Data, connected to a cluster; progress bars are disabled."""
    ray = connect_to_ray(address)
    from ray.data import DataContext

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    return ray
