"""The shipped models, and the properties of a model file from its header. Does not import torch."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

import styler
from styler.choices import LEVELS, READABLE_SUFFIXES, Level
from styler.errors import StylerError
from styler.files import read_sha256_list

FORMAT = "styler-model-1"
ENCODER = "encoder."
"""Prefix of the encoder's tensors in a model file."""

ANTIALIASED = "antialiased"
"""The entry "resampling" in the metadata of a model file, missing from those that alias."""

AUTO = {"cpu": "small", "cuda": "base", "mps": "base"}
"""The model of "auto", by type of device."""


@dataclass(frozen=True)
class ModelFacts:
    """Properties of a model file.

    Attributes:
        name: File name without extension.
        path: The file.
        widths: Channels of the encoder's blocks.
        levels: Levels with a decoder.
        num_parameters: Number of weights.
        num_bytes: Size of the file.
    """

    name: str
    path: Path
    widths: tuple[int, ...]
    levels: tuple[Level, ...]
    num_parameters: int
    num_bytes: int


def models_folder() -> Path:
    """Return the folder of the shipped models: inside the installed package, or beside it in a checkout."""
    inside = Path(styler.__file__).parent / "models"
    return inside if inside.is_dir() else Path(styler.__file__).parents[1] / "models"


def shipped_models() -> list[Path]:
    """Return the files of the shipped models, sorted by name."""
    return sorted(models_folder().glob("*.safetensors"))


def shipped_sha256() -> dict[str, str]:
    """Return the expected SHA-256 of each shipped model, by file name.

    Raises:
        StylerError: If the list can't be read.
    """
    return read_sha256_list(models_folder() / "SHA256SUMS")


def earlier_model(sha256: str) -> Path | None:
    """Return the file of a model that an earlier version shipped, by its hash; None if it is not kept."""
    return next(iter((models_folder() / "earlier").glob(f"*-{sha256[:8]}.safetensors")), None)


def find_model(model: str | Path, *, device_type: str = "cpu") -> Path:
    """Return the file of a model given by name ("auto", "small", "base") or by path.

    Args:
        model: A shipped model's name has precedence over a file of that name.
        device_type: Type of the device that runs it, for "auto".

    Raises:
        StylerError: If there is no shipped model of this name and no such file.
    """
    name = AUTO[device_type] if model == "auto" else str(model)
    shipped = models_folder() / f"{name}.safetensors"
    for path in (shipped, Path(model)):
        if is_file(path):
            return path
    names = ", ".join(path.stem for path in shipped_models()) or "none"
    raise StylerError(f"no model {str(model)!r}", f"give a .safetensors file or a shipped model: {names}")


def is_file(path: Path) -> bool:
    """Return whether there is such a file; False for a name that the system does not accept."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def model_facts(path: Path) -> ModelFacts:
    """Return the properties of a model file from its header; the tensors are only checked by loading it.

    Raises:
        StylerError: If it can't be read or is not a styler model.
    """
    try:
        with safe_open(path, framework="np") as file:
            shapes = {key: file.get_slice(key).get_shape() for key in file.keys()}  # noqa: SIM118
            check_format(path, file.metadata())
        num_bytes = path.stat().st_size
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from error
    return ModelFacts(path.stem, path, *architecture(shapes), sum(map(prod, shapes.values())), num_bytes)


def encoder_fingerprint(path: Path) -> str:
    """Return the identifier of a model's encoder from its file, as `styler.transfer.style_file.fingerprint`.

    Raises:
        StylerError: If it can't be read.
    """
    try:
        with safe_open(path, framework="np") as file:
            antialiased = (file.metadata() or {}).get("resampling") == ANTIALIASED
            digest = hashlib.sha256(b"antialiased" if antialiased else b"")
            for key in sorted(key for key in file.keys() if key.startswith(ENCODER)):  # noqa: SIM118
                digest.update(key.removeprefix(ENCODER).encode())
                digest.update(np.ascontiguousarray(file.get_tensor(key), dtype=np.float16).tobytes())
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from error
    return digest.hexdigest()


def unreadable(path: Path, error: Exception) -> StylerError:
    """Return the error for a file that can't be read as a model or a style."""
    if path.suffix.lower() in READABLE_SUFFIXES and isinstance(error, SafetensorError):
        todo = f"make a style of it: styler style save {path} -o {path.stem}.style"
        return StylerError(f"{path} is a picture, not a model or a .style file", todo)
    return StylerError(f"can't read {path}: {error}", "check that the file is complete")


def check_format(path: Path, metadata: Mapping[str, str] | None) -> None:
    """Raise a StylerError unless the metadata of a safetensors file are those of a model."""
    if (metadata or {}).get("format") != FORMAT:
        raise StylerError(f"{path} is not a styler model", "use a model made by `styler train encoder`")


def architecture(shapes: Mapping[str, Sequence[int]]) -> tuple[tuple[int, ...], tuple[Level, ...]]:
    """Return the encoder's widths and the levels with decoders, from the shapes of a model file's tensors."""
    biases = [shapes.get(f"encoder.convs.conv{number}_1.bias", ()) for number in range(1, 5)]
    widths = tuple(max(1, prod(bias)) for bias in biases)
    return widths, tuple(level for level in LEVELS if any(key.startswith(f"decoder.{level}.") for key in shapes))
