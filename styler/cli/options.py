"""Options that several commands share, and the parsing of lists."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.choices import LEVELS, MAX_SIZE, DType, Level, Method, PreserveColor, Transform

MAX_DIGITS = 18
"""Of a number that is parsed here; Python refuses thousands with an error of its own."""

AlphaOption = Annotated[str, typer.Option(help="Strength, 0 to 1; by level as in relu4_1=0.8,relu1_1=0.5.")]
LevelsOption = Annotated[
    str | None, typer.Option(help="Levels to go through, such as relu3_1,relu2_1.", show_default="all")
]
SizeOption = Annotated[
    int | None,
    typer.Option(min=1, max=MAX_SIZE, help="Longer side to work at, in pixels.", show_default="the content's own"),
]
StyleSizeOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_SIZE,
        help="Longer side of the styles: smaller makes finer strokes.",
        show_default="their own, at most the content's",
    ),
]
StyleScaleOption = Annotated[float, typer.Option(min=0.01, max=10, help="Times the size of the styles.")]
ColorsOption = Annotated[
    PreserveColor,
    typer.Option(
        "--preserve-color",
        help="Keep the content's colours: luma takes the luminance alone, match recolours the style.",
    ),
]
TransformOption = Annotated[Transform, typer.Option(help="How features take on the style.")]
MethodOption = Annotated[Method, typer.Option(help="How matrix square roots are computed.")]
TileOption = Annotated[str, typer.Option(help="Side of tiles in pixels; 0 takes any picture at once.")]
MaxMemoryOption = Annotated[str, typer.Option(help="What the process should stay below: tiles are chosen for it.")]
MetadataOption = Annotated[
    Literal["keep", "strip"], typer.Option(help="EXIF, XMP, colour profile, and the settings, for styler replay.")
]
MaxPixelsOption = Annotated[int, typer.Option(min=1, help="Pictures of more pixels are refused.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.")]
DTypeOption = Annotated[DType, typer.Option("--dtype", help="Precision of the networks.")]
ModelOption = Annotated[
    str,
    typer.Option("--model", "-m", help="A shipped model's name, a .safetensors file, or auto: what fits the device."),
]


def parse_levels(text: str | None, *, option: str = "--levels") -> list[Level] | None:
    """Return the levels in a comma-separated list."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in LEVELS:
            raise typer.BadParameter(f"{option}: {name!r} is none of {', '.join(LEVELS)}")
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


def parse_alpha(text: str) -> float | dict[Level, float]:
    """Return a strength, or strengths by level."""
    try:
        if "=" not in text:
            return checked_strength(text)
        pairs = [part.split("=") for part in text.split(",")]
        strengths = {name.strip(): checked_strength(value) for name, value in pairs}
    except ValueError:
        raise typer.BadParameter(f"--alpha: expected 0 to 1, or relu4_1=0.8,relu1_1=0.5, got {text!r}") from None
    parse_levels(",".join(strengths), option="--alpha")
    return {level: strengths[level] for level in LEVELS if level in strengths}


def checked_strength(text: str) -> float:
    """Return a number from 0 to 1; anything else is a ValueError."""
    strength = float(text)
    if not 0 <= strength <= 1:
        raise ValueError(text)
    return strength


def parse_tile(text: str) -> int | Literal["auto"]:
    """Return the side of tiles."""
    if text == "auto":
        return "auto"
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        raise typer.BadParameter(f"--tile: expected auto, 0 or pixels, got {text!r}")
    return int(text)


def parse_bytes(text: str) -> int:
    """Return a number of bytes such as 2G or 500M."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE | re.ASCII)
    if match is None or len(match[1]) > MAX_DIGITS:
        raise typer.BadParameter(f"--max-memory: expected a size such as 2G or 500M, got {text!r}")
    return int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " "))


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
