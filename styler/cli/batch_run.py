"""A run of `styler batch` on planned jobs: in this process, on a Ray cluster, or as an estimate. Imports torch."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from styler.batch.ledger import Ledger, open_ledger
from styler.batch.pipeline import Pipeline
from styler.batch.plan import Job
from styler.batch.resuming import remaining_jobs
from styler.batch.setup import Setup
from styler.batch.shards import Shard
from styler.cli.batch_listings import print_dry_run
from styler.cli.batch_output import BatchOutput
from styler.process import keep_freed_memory


class BatchRun:
    """The jobs of one shard with a loaded model."""

    def __init__(self, jobs: Sequence[Job], setup: Setup, *, shard: Shard, output: BatchOutput):
        """Load the model.

        Raises:
            StylerError: If the model, the device, the precision or a level is not available.
        """
        keep_freed_memory()
        self.jobs, self.setup, self.shard, self.output = list(jobs), setup, shard, output
        self.batch_stylizer = setup.batch_stylizer()
        self.batch_stylizer.stylizer.cascade_levels(setup.settings.get("levels"))  # raises before anything is written

    def print_dry_run(self) -> None:
        """Print what a run would write, and an estimate of time and memory."""
        from styler.batch.estimate import batch_estimate

        found = remaining_jobs(self.jobs, self.batch_stylizer)
        print_dry_run(self.output, found, batch_estimate(found.left, self.batch_stylizer))

    def stylize_in_threads(self, *, num_threads: int, fail_fast: bool) -> None:
        """Make the remaining pictures in this process; see `Pipeline`."""
        with self.started() as (ledger, left):
            pipeline = Pipeline(self.batch_stylizer, ledger, num_threads=num_threads, fail_fast=fail_fast)
            self.output.show_progress(pipeline.outcomes(left))

    def stylize_on_ray(
        self, *, num_threads: int, fail_fast: bool, address: str | None, num_workers: int | None
    ) -> None:
        """Make the remaining pictures on a Ray cluster; see `ray_outcomes`."""
        from styler.batch.ray_engine import ray_outcomes

        setup = replace(self.setup, folder=self.setup.folder.absolute())
        if setup.model == "auto":  # ledgers name the model, so all actors use this one, whatever their devices
            setup = replace(setup, model=self.batch_stylizer.stylizer.model.name)
        with self.started() as (ledger, left):
            outcomes = ray_outcomes(
                left,
                setup,
                ledger=ledger.path.stem,
                num_threads=num_threads,
                fail_fast=fail_fast,
                address=address,
                num_workers=num_workers,
            )
            self.output.show_progress(outcomes)

    @contextmanager
    def started(self) -> Generator[tuple[Ledger, list[Job]]]:
        """Yield the ledger and the remaining jobs, after completing the ledger of a killed run."""
        with open_ledger(self.setup.folder, self.shard, self.jobs) as ledger, self.output.resume_hint():
            found = remaining_jobs(self.jobs, self.batch_stylizer)
            for line in found.unwritten:
                ledger.append(line)
            self.output.print_start(found, self.shard)
            yield ledger, found.left
