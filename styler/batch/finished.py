"""Whether an earlier run has finished all jobs, from the ledger and hashes alone. Does not import torch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from styler.batch.plan import Job
from styler.batch.resuming import Remaining, remaining_jobs
from styler.batch.setup import Setup, job_settings
from styler.errors import StylerError
from styler.files import check_regular
from styler.model.catalog import AUTO, find_model
from styler.transfer.input_record import inputs_record, model_record, without_folders


@dataclass
class ExpectedResults:
    """The results that a setup makes with a model; see `styler.batch.resuming.Results`."""

    setup: Setup
    model: Path
    folder: Path
    verify: bool
    overwrite: bool = False
    replaceable: set[str] = field(default_factory=set)

    def record(self, job: Job) -> dict[str, Any]:
        """Return the inputs, model and settings of a job.

        Raises:
            StylerError: If an input can't be read.
        """
        for path in (job.content, *job.styles):
            check_regular(path)
        settings = job_settings(self.setup.settings, job)
        try:
            inputs = inputs_record(job.content, job.styles, settings)
            return {**inputs, "model": model_record(self.model.stem, self.model), "settings": without_folders(settings)}
        except OSError as error:
            raise StylerError(f"cannot read {error.filename}: {error.strerror}", "check the name") from error


def finished_jobs(jobs: Sequence[Job], setup: Setup) -> Remaining | None:
    """Return the jobs as skipped ones if all were done before with this setup; None if the model must be loaded.

    Which model "auto" stands for depends on the device: what either made counts as done, since a result is not made
    again because a machine got a GPU.

    Raises:
        StylerError: If there is no such model.
    """
    if setup.overwrite or not all(os.path.lexists(setup.folder / job.out) for job in jobs):
        return None
    device_types = set(AUTO) if setup.device == "auto" else {setup.device.partition(":")[0]} & set(AUTO)
    for model in sorted({find_model(setup.model, device_type=one) for one in device_types}):
        found = remaining_jobs(jobs, ExpectedResults(setup, model, setup.folder, setup.verify))
        if not found.left and not found.unwritten and set(found.skipped.values()) <= {"done before"}:
            return found
    return None
