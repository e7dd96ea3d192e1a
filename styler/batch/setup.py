"""The settings of a batch in a form that can be pickled: each Ray worker loads its own model from them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from styler.batch.pictures import BatchStylizer
from styler.choices import MAX_PIXELS
from styler.transfer.stylizer import Stylizer


@dataclass(frozen=True)
class Setup:
    """Arguments of `Stylizer` and `BatchStylizer`; see there."""

    model: str
    device: str
    dtype: str
    settings: dict[str, Any]
    folder: Path
    overwrite: bool = False
    verify: bool = False
    keep_metadata: bool = True
    max_pixels: int = MAX_PIXELS

    def batch_stylizer(self) -> BatchStylizer:
        """Return a new `BatchStylizer` with the model loaded.

        Raises:
            StylerError: If the model, the device or the precision is not available.
        """
        return BatchStylizer(
            Stylizer(self.model, device=self.device, dtype=self.dtype),
            self.settings,
            self.folder,
            overwrite=self.overwrite,
            verify=self.verify,
            keep_metadata=self.keep_metadata,
            max_pixels=self.max_pixels,
        )
