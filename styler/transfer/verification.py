"""Checks of a model file: unchanged since it was shipped, complete, finite, and able to make a picture here."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from styler.choices import Level
from styler.errors import StylerError
from styler.files import sha256
from styler.model.catalog import models_folder, shipped_sha256
from styler.transfer.stylizer import Stylizer

SIZE = 64
"""Side of the test picture, in pixels."""

MAX_ERROR = 0.75
"""Largest `picture_error` of a working model: `small` has at most 0.35, shuffled weights 0.9 and more at some level."""


@dataclass(frozen=True)
class Verified:
    """A model that passed; `is_shipped` says whether there was a SHA-256 to compare with."""

    name: str
    is_shipped: bool
    sha256: str
    device: str
    dtype: str


def verified(path: Path) -> Verified:
    """Return the facts of a model file that passes all checks, on the device and in the precision that "auto" selects.

    Raises:
        StylerError: If it can't be read, was changed since it was shipped, is incomplete, not finite, or does not work.
    """
    expected = expected_sha256(path)
    digits = checked_sha256(path, expected)
    stylizer = Stylizer(path)
    check_works(stylizer, path)
    return Verified(path.stem, expected is not None, digits, str(stylizer.device), precision(stylizer))


def expected_sha256(path: Path) -> str | None:
    """Return the SHA-256 of a shipped model, None for any other file."""
    return shipped_sha256().get(path.name) if path.resolve().parent == models_folder().resolve() else None


def checked_sha256(path: Path, expected: str | None) -> str:
    """Return the SHA-256 of a file after comparing it with the expected one.

    Raises:
        StylerError: If they differ, or the file can't be read.
    """
    try:
        digits = sha256(path)
    except OSError as error:
        todo = "check that it is there, and who may read it; if it came with styler, install styler again"
        raise StylerError(f"can't read {path}: {error.strerror}", todo) from error
    if digits != (expected or digits):
        raise StylerError(f"{path} was changed: its SHA-256 is {digits}, not {expected}", "install styler again")
    return digits


def check_works(stylizer: Stylizer, path: Path) -> None:
    """Raise a StylerError unless all weights are finite and each level reconstructs the test picture."""
    for name, tensor in stylizer.model.modules().state_dict().items():
        if not tensor.isfinite().all():
            raise StylerError(f"{path}: {name} has weights that are not finite", "get the file again, or train again")
    levels = stylizer.cascade_levels(None)
    if not levels:
        raise StylerError(f"{path} has no decoders", "train them: styler train decoder --help")
    for level in levels:
        if not picture_error(stylizer, level) <= MAX_ERROR:  # NaN fails too
            what = f"{path}: {level} does not reconstruct a picture on {stylizer.device} in {precision(stylizer)}"
            raise StylerError(what, "continue its training (styler train decoder --help), or try --dtype float32")


def picture_error(stylizer: Stylizer, level: Level) -> float:
    """Return the mean squared error of a picture in its own style through a level, over the picture's variance."""
    picture = ramps()
    result = stylizer.stylize(picture, picture, levels=[level])
    return float((result - picture).square().mean() / picture.var(dim=(-2, -1)).mean())


def ramps() -> Tensor:
    """Return a picture of all hues, `(1, 3, SIZE, SIZE)`, in [0, 1]."""
    ramp = torch.linspace(0, 1, SIZE).expand(SIZE, SIZE)
    return torch.stack([ramp, ramp.mT, 1 - ramp])[None]


def precision(stylizer: Stylizer) -> str:
    """Return the name of the networks' precision, as `--dtype` has it."""
    return str(stylizer.dtype).removeprefix("torch.")
