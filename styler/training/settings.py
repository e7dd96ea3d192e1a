"""Settings of a training that affect its result."""

from dataclasses import dataclass, replace
from typing import Self

from styler.choices import CROP_MULTIPLE


@dataclass(frozen=True)
class Settings:
    """Settings of a training that affect its result; a checkpoint is only resumed with the same ones."""

    num_steps: int
    batch_size: int = 8
    crop_size: int = 192
    learning_rate: float = 2e-3
    seed: int = 0
    antialiased: bool = False
    content_weight: float = 0.2

    def __post_init__(self) -> None:
        if self.crop_size < 1 or self.crop_size % CROP_MULTIPLE:
            raise ValueError(f"expected crop_size a multiple of {CROP_MULTIPLE} pixels, got {self.crop_size}")

    def changed(self, **values: float | None) -> Self:
        """Return the settings with the given values, except those that are None."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})
