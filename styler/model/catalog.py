"""The models that come with styler, and what a model file says of itself before it is loaded. Knows no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from safetensors import SafetensorError, safe_open

import styler
from styler.choices import LEVELS, Level
from styler.errors import StylerError
from styler.files import read_sha256_list

FORMAT = "styler-model-1"

AUTO = {"cpu": "small", "cuda": "base", "mps": "base"}
"""The model that "auto" stands for, by type of device."""


@dataclass(frozen=True)
class ModelFacts:
    """What is in a model file: the widths of the encoder's blocks, and the levels that have decoders."""

    name: str
    path: Path
    widths: tuple[int, ...]
    levels: tuple[Level, ...]
    num_parameters: int
    num_bytes: int


def models_folder() -> Path:
    """Return the folder of the shipped models: inside an installed package, beside it in a checkout."""
    inside = Path(styler.__file__).parent / "models"
    return inside if inside.is_dir() else Path(styler.__file__).parents[1] / "models"


def shipped_models() -> list[Path]:
    """Return the files of the shipped models, by name."""
    return sorted(models_folder().glob("*.safetensors"))


def shipped_sha256() -> dict[str, str]:
    """Return the SHA-256 that each shipped model has, by the name of its file.

    Raises:
        StylerError: If the list of them can't be read.
    """
    return read_sha256_list(models_folder() / "SHA256SUMS")


def find_model(model: str | Path, *, device_type: str = "cpu") -> Path:
    """Return the file of a model given by name ("auto", "small", "base") or by path.

    Args:
        model: A name goes before a file of that name.
        device_type: Where it is to run: `AUTO` goes by it.

    Raises:
        StylerError: If there is neither such a file nor such a shipped model.
    """
    name = AUTO[device_type] if model == "auto" else str(model)
    shipped = models_folder() / f"{name}.safetensors"
    for path in (shipped, Path(model)):
        if is_file(path):
            return path
    names = ", ".join(path.stem for path in shipped_models()) or "none"
    raise StylerError(f"no model {str(model)!r}", f"give a .safetensors file or a shipped model: {names}")


def is_file(path: Path) -> bool:
    """Return whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def model_facts(path: Path) -> ModelFacts:
    """Return what the head of a model file says; whether all of it is right, loading it tells.

    Raises:
        StylerError: If it can't be read or is no styler model.
    """
    try:
        with safe_open(path, framework="np") as file:
            shapes = {key: file.get_slice(key).get_shape() for key in file.keys()}  # noqa: SIM118
            check_format(path, file.metadata())
        num_bytes = path.stat().st_size
    except (OSError, SafetensorError) as error:
        raise StylerError(f"can't read {path}: {error}", "check that it is a whole .safetensors file") from error
    return ModelFacts(path.stem, path, *architecture(shapes), sum(map(prod, shapes.values())), num_bytes)


def check_format(path: Path, metadata: Mapping[str, str] | None) -> None:
    """Raise a StylerError if the metadata of a safetensors file are not those of a model."""
    if (metadata or {}).get("format") != FORMAT:
        raise StylerError(f"{path} is not a styler model", "give a model that `styler train encoder` made")


def architecture(shapes: Mapping[str, Sequence[int]]) -> tuple[tuple[int, ...], tuple[Level, ...]]:
    """Return the encoder's widths and the decoders' levels that the tensors of a model file speak of."""
    firsts = [shapes.get(f"encoder.convs.conv{number}_1.bias", ()) for number in range(1, 5)]
    widths = tuple(max(1, prod(first)) for first in firsts)
    return widths, tuple(level for level in LEVELS if any(key.startswith(f"decoder.{level}.") for key in shapes))
