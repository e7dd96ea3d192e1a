"""What decides the result of a training, beside the data."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Settings:
    """What decides the result of a training, beside the data."""

    num_steps: int
    batch_size: int = 8
    crop_size: int = 192
    learning_rate: float = 2e-3
    seed: int = 0

    def changed(self, **values: float | None) -> Self:
        """Return these settings with those values that aren't None."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})
