"""The plan on a Ray cluster: Ray Data's pool of actors, one model and one ledger an actor.

All machines have styler and see contents, styles and the folder of results under the same paths. An actor that dies
is started again and given its jobs again; what was done of them it finds on the disk.
"""

import logging
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from styler.batch.ledger import Ledger
from styler.batch.pipeline import Outcome, Pipeline
from styler.batch.plan import Job
from styler.batch.resuming import standing
from styler.batch.setup import Setup
from styler.errors import StylerError
from styler.process import keep_freed_memory

JOBS_A_TASK = 16
"""At most: enough to keep the threads of an actor busy, few enough that the last one is not waited for long."""

TASKS_A_WORKER = 4
"""At least, if there are as many jobs: so that all workers end at about the same time."""

SECONDS_TO_ANSWER = 10


class Worker:
    """An actor: a model that stays in memory, and a ledger of its own."""

    def __init__(self, setup: Setup, jobs: Sequence[Job], ledger: str, num_threads: int):
        keep_freed_memory()
        self.studio = setup.studio()
        self.ledger = Ledger(setup.folder / f"{ledger}-ray-{secrets.token_hex(6)}.jsonl")
        self.jobs, self.num_threads = jobs, num_threads

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Return a row for each job of the batch, which names them by number."""
        numbers = {self.jobs[number]: int(number) for number in batch["number"]}
        found = standing(list(numbers), self.studio)  # a worker that died may have done some
        for line in found.unwritten:
            self.ledger.append(line)
        outcomes = [Outcome(job) for job in found.skipped]
        outcomes += Pipeline(self.studio, self.ledger, num_threads=self.num_threads).outcomes(found.left)
        errors = [("", "") if outcome.error is None else outcome.error.args for outcome in outcomes]
        return {
            "number": [numbers[outcome.job] for outcome in outcomes],
            "seconds": [outcome.seconds for outcome in outcomes],
            "what": [what for what, _ in errors],
            "todo": [todo for _, todo in errors],
        }


def ray_outcomes(
    jobs: Sequence[Job],
    setup: Setup,
    *,
    ledger: str,
    num_threads: int = 1,
    address: str | None = None,
    num_workers: int | None = None,
    fail_fast: bool = False,
) -> Iterator[Outcome]:
    """Yield the outcome of each job, in the order in which their tasks end.

    Args:
        jobs: What is to be done.
        setup: How.
        ledger: What the names of the actors' ledgers begin with.
        num_threads: That read, and that write, for each actor.
        address: Of a cluster; by default one is started on this machine and ended afterwards.
        num_workers: Actors; by default one a GPU, or one a processor core where there is none.
        fail_fast: Whether all is stopped after a failure.

    Raises:
        StylerError: If there is no Ray, or no cluster at the address.
    """
    if not jobs:
        return
    ray = connected_ray(address)
    try:
        gpus, cores = (int(ray.cluster_resources().get(name, 0)) for name in ("GPU", "CPU"))
        jobs = [replace(job, content=job.content.absolute(), style=job.style.absolute()) for job in jobs]
        size = num_workers or gpus or max(1, cores)
        tasks = min(len(jobs), max(size * TASKS_A_WORKER, -(-len(jobs) // JOBS_A_TASK)))
        numbers = ray.data.from_items([{"number": k} for k in range(len(jobs))], override_num_blocks=tasks)
        rows = numbers.map_batches(
            Worker,
            fn_constructor_args=(replace(setup, folder=setup.folder.absolute()), jobs, ledger, num_threads),
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


def connected_ray(address: str | None) -> Any:
    """Return Ray's module, connected, with nothing that calls home or draws."""
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise StylerError("--engine ray needs Ray Data, which is not installed", "pip install 'styler[ray]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # else, under `uv run`, workers install all anew
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it warns of restarts that Ray Data itself arranges
    import ray
    import ray.data

    try:
        if address is None:
            place: dict[str, Any] = {"_node_ip_address": "127.0.0.1"}
            ray.init("local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **place)
        else:
            _knock(address)
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise StylerError(f"no Ray at {address or 'this machine'}: {reason}", "see `ray status` there") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    return ray


def _knock(address: str) -> None:
    """Raise OSError if nobody answers at HOST:PORT, where Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=SECONDS_TO_ANSWER).close()
