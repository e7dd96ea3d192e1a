"""The settings of a batch in a form that can be pickled: each Ray worker loads its own model from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styler.batch.plan import Job
from styler.choices import MAX_PIXELS

if TYPE_CHECKING:
    from styler.batch.pictures import BatchStylizer


@dataclass(frozen=True)
class Setup:
    """Arguments of `Stylizer` and `BatchStylizer`, see there; with `photo` in the settings, it is for photographs."""

    model: str
    device: str
    dtype: str
    settings: dict[str, Any]
    folder: Path
    overwrite: bool = False
    verify: bool = False
    keep_metadata: bool = True
    max_pixels: int = MAX_PIXELS

    def batch_stylizer(self) -> "BatchStylizer":
        """Return a new `BatchStylizer` with the model loaded.

        Raises:
            StylerError: If the model, the device or the precision is not available.
        """
        from styler.batch.photographs import PhotoBatchStylizer
        from styler.batch.pictures import BatchStylizer
        from styler.transfer.stylizer import Stylizer

        kind = PhotoBatchStylizer if self.settings.get("photo") else BatchStylizer
        return kind(
            Stylizer(self.model, device=self.device, dtype=self.dtype),
            self.settings,
            self.folder,
            overwrite=self.overwrite,
            verify=self.verify,
            keep_metadata=self.keep_metadata,
            max_pixels=self.max_pixels,
        )


def job_settings(settings: dict[str, Any], job: Job) -> dict[str, Any]:
    """Return the keyword arguments of `Stylizer.stylize` for a job, from those for all jobs."""
    return settings | {"alpha": dict(job.alpha) if isinstance(job.alpha, tuple) else job.alpha}
