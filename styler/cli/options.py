"""Options that several commands share, and the parsing of lists."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.vgg import LEVELS, Level

Method = Literal["auto", "mpa", "mtp", "newton_schulz", "eigh"]
DType = Literal["auto", "float32", "bfloat16", "float16"]

DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.")]
DTypeOption = Annotated[DType, typer.Option("--dtype", help="Precision of the networks.")]
ModelOption = Annotated[str, typer.Option("--model", "-m", help="A shipped model's name, or a .safetensors file.")]


def parse_levels(text: str | None) -> list[Level] | None:
    """Return the levels in a comma-separated list."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in LEVELS:
            raise typer.BadParameter(f"--levels: {name!r} is none of {', '.join(LEVELS)}")
    return [level for level in LEVELS if level in names]


def parse_weights(text: str | None) -> list[float] | None:
    """Return the numbers in a comma-separated list: none negative, not all zero."""
    if text is None:
        return None
    try:
        weights = [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--weights: expected numbers such as 0.7,0.3, got {text!r}") from None
    if not all(0 <= weight < float("inf") for weight in weights) or not sum(weights):
        raise typer.BadParameter(f"--weights: expected weights of 0 and up, not all 0, got {text!r}")
    return weights


def parse_numbers(text: str) -> list[int]:
    """Return the whole numbers above zero in a comma-separated list."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise typer.BadParameter(f"--sizes: expected whole numbers such as 512,1024, got {text!r}")
    return [int(part) for part in parts]


def default_out(content: Path, styles: list[Path]) -> Path:
    """Return the name that the result gets beside the user: CONTENT-STYLE.png."""
    names = ["stdin" if str(path) == "-" else path.stem for path in (content, *styles)]
    return Path("-".join(names) + ".png")
