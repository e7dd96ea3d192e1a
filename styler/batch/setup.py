"""How the pictures of a batch are made, in words that travel: each machine makes its own studio of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from styler.batch.pictures import Studio
from styler.choices import MAX_PIXELS
from styler.transfer.stylizer import Stylizer


@dataclass(frozen=True)
class Setup:
    """What a `Stylizer` and a `Studio` are made of; see there."""

    model: str
    device: str
    dtype: str
    settings: dict[str, Any]
    folder: Path
    overwrite: bool = False
    keep_metadata: bool = True
    max_pixels: int = MAX_PIXELS

    def studio(self) -> Studio:
        """Return a studio with the model in memory.

        Raises:
            StylerError: If model, device or precision can't be had.
        """
        return Studio(
            Stylizer(self.model, device=self.device, dtype=self.dtype),
            self.settings,
            self.folder,
            overwrite=self.overwrite,
            keep_metadata=self.keep_metadata,
            max_pixels=self.max_pixels,
        )
