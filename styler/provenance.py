"""What a stylized picture was made of: hashes of its inputs and its model, and the settings."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import styler
from styler.catalog import models_folder
from styler.checksums import sha256
from styler.weights import Model

if TYPE_CHECKING:
    from styler.transfer import Stylizer

Record = dict[str, Any]


def record_of(content: Path, styles: Sequence[Path], stylizer: "Stylizer", settings: dict[str, Any]) -> Record:
    """Return what it takes to make a picture again, ready for JSON.

    Args:
        content: The file that was stylized.
        styles: The files whose styles it was given.
        stylizer: What did it.
        settings: The keyword arguments that `Stylizer.stylize` had.

    Raises:
        OSError: If a file can't be read.
    """
    return {
        "styler": styler.__version__,
        "torch": torch.__version__,
        "content": _file(content),
        "styles": [_file(style) for style in styles],
        "others": [_file(other) for other in others_in(settings)],
        "model": _model(stylizer.model),
        "device": str(stylizer.device),
        "dtype": str(stylizer.dtype).removeprefix("torch."),
        "settings": settings,
    }


def _model(model: Model) -> dict[str, str | None]:
    if model.path is None:
        return {"name": model.name, "path": None, "sha256": None}
    shipped = model.path.parent == models_folder()
    return {"name": model.name, "path": None if shipped else str(model.path), "sha256": file_hash(model.path)}


def others_in(settings: dict[str, Any]) -> list[Path]:
    """Return the files that are named in settings: masks and the styles of their regions."""
    named = [name for pair in settings.get("regions") or [] for name in pair]
    return [Path(name) for name in [*named, *([settings["keep"]] if settings.get("keep") else [])]]


def _file(path: Path) -> dict[str, str]:
    return {"path": str(path), "sha256": file_hash(path)}


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, remembered for as long as the file stays as it is."""
    status = path.stat()
    return _hash_of_state(path, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _hash_of_state(path: Path, *state: int) -> str:
    return sha256(path)
