"""Options that several commands share, and the parsing of lists."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.choices import (
    LEVELS,
    MAX_REDUCTION,
    MAX_SIZE,
    STYLE_SUFFIX,
    DType,
    Level,
    Method,
    PreserveColor,
    Strokes,
    TransferEngine,
    Transform,
)

MAX_DIGITS = 18
"""Longest number that is parsed here; for thousands of digits Python raises an error of its own."""

MIN_MEMORY = 1 << 20
"""Bytes; less is a mistake in the unit."""

AlphaOption = Annotated[
    str,
    typer.Option(
        help="Style strength, 0 to 1; or by level, e.g. relu4_1=0.8,relu1_1=0.5; levels not named have 1.",
        rich_help_panel="Style",
    ),
]
LevelsOption = Annotated[
    str | None,
    typer.Option(
        help="Levels to transform, from relu4_1 (shapes, large strokes) to relu1_1 (color), e.g. relu3_1,relu2_1.",
        show_default="all",
        rich_help_panel="Style",
    ),
]
SizeOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_SIZE,
        help="Longer side of the result, in pixels.",
        show_default="the content's size",
        rich_help_panel="Size",
    ),
]
StyleSizeOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_SIZE,
        help="Longer side at which styles are analysed, in pixels; smaller gives finer strokes.",
        show_default="the style's size, at most the content's",
        rich_help_panel="Size",
    ),
]
StyleScaleOption = Annotated[
    float,
    typer.Option(min=0.01, max=10, help="Scale factor for the style's resolution.", rich_help_panel="Size"),
]
ColorsOption = Annotated[
    PreserveColor,
    typer.Option(
        "--preserve-color",
        help="Keep the content's colors: luma transfers only luminance, match recolors the style first.",
        rich_help_panel="Color",
    ),
]
DetailOption = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Share of the content's fine luminance to add back, 0 to 1.", rich_help_panel="Style"
    ),
]
StrokesOption = Annotated[
    str,
    typer.Option(
        help="Size of the marks: fine, bold (stylize at half size first), or that reduction as a number, 1 to 8.",
        rich_help_panel="Style",
    ),
]
SeedFlatsOption = Annotated[
    bool,
    typer.Option(
        "--seed-flats/--no-seed-flats",
        help="Add faint noise to flat areas, from which the style's texture is made.",
        rich_help_panel="Style",
    ),
]
TransformOption = Annotated[
    Transform,
    typer.Option(
        help="Feature transform: transport (optimal transport), wct (whitening and coloring) or adain (by channel).",
        rich_help_panel="Style",
    ),
]
MethodOption = Annotated[Method, typer.Option(help="Algorithm for matrix square roots.", rich_help_panel="Machine")]
TileOption = Annotated[
    str,
    typer.Option(
        help="Tile side in pixels; auto tiles only above the memory limit, 0 disables tiling.",
        rich_help_panel="Machine",
    ),
]
MaxMemoryOption = Annotated[
    str, typer.Option(help="Memory limit, e.g. 2G; larger pictures are tiled.", rich_help_panel="Machine")
]
MetadataOption = Annotated[
    Literal["keep", "strip"],
    typer.Option(
        help="Keep or strip EXIF, XMP, the color profile, and the settings for styler replay.",
        rich_help_panel="Output",
    ),
]
MaxPixelsOption = Annotated[
    int, typer.Option(min=1, help="Refuse pictures with more pixels.", rich_help_panel="Machine")
]
PageOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Frame or page of the photograph, counted from 1.",
        show_default="the first",
        rich_help_panel="Input",
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Also print seconds by stage, strengths and matrix roots.", rich_help_panel="Output"
    ),
]
DeviceOption = Annotated[
    str, typer.Option("--device", help="Device: auto, cpu, cuda, cuda:N or mps.", rich_help_panel="Machine")
]
DTypeOption = Annotated[DType, typer.Option("--dtype", help="Precision of the networks.", rich_help_panel="Machine")]
EngineOption = Annotated[
    TransferEngine,
    typer.Option(
        "--engine",
        help="What computes: torch, or onnx, which needs no torch; auto chooses the faster one where that is known.",
        rich_help_panel="Machine",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="Name of a shipped model, or a .safetensors file; auto chooses by device.",
        rich_help_panel="Machine",
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the output file if it exists.", rich_help_panel="Output")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel="Output")]
RowsAsJsonOption = Annotated[
    bool, typer.Option("--json", help="Print one line of JSON per row.", rich_help_panel="Output")
]


def parse_levels(text: str | None, *, option: str = "--levels") -> list[Level] | None:
    """Return the levels in a comma-separated list."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in LEVELS:
            raise typer.BadParameter(f"{option}: {name!r} is not one of {', '.join(LEVELS)}")
    if twice := {name for name in names if names.count(name) > 1}:
        raise typer.BadParameter(f"{option}: {', '.join(sorted(twice))} is named twice")
    return [level for level in LEVELS if level in names]


def parse_weights(text: str | None) -> list[float] | None:
    """Return the weights in a comma-separated list: none negative, not all zero."""
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
    """Return one strength for all levels, or strengths by level."""
    try:
        if "=" not in text:
            return parse_strength(text)
        pairs = [part.split("=") for part in text.split(",")]
        strengths = {name.strip(): parse_strength(value) for name, value in pairs}
    except ValueError:
        raise typer.BadParameter(f"--alpha: expected 0 to 1, or relu4_1=0.8,relu1_1=0.5, got {text!r}") from None
    parse_levels(",".join(name for name, _ in pairs), option="--alpha")
    return {level: strengths[level] for level in LEVELS if level in strengths}


def check_alpha_levels(alpha: float | dict[Level, float], levels: list[Level] | None) -> None:
    """Raise a usage error if --alpha names a level that --levels leaves out."""
    excluded = [level for level in alpha if level not in levels] if isinstance(alpha, dict) and levels else []
    if excluded:
        raise typer.BadParameter(f"--alpha: {', '.join(excluded)} is not among the --levels {', '.join(levels or [])}")


def parse_strength(text: str) -> float:
    """Return a number from 0 to 1.

    Raises:
        ValueError: If it is anything else.
    """
    strength = float(text)
    if not 0 <= strength <= 1:
        raise ValueError(text)
    return strength


def parse_strokes(text: str) -> Strokes | int:
    """Return a name of strokes, or by how much the content is reduced first."""
    if text == "fine" or text == "bold":
        return text
    if not text.isdecimal() or len(text) > MAX_DIGITS or not 1 <= int(text) <= MAX_REDUCTION:
        raise typer.BadParameter(f"--strokes: expected fine, bold or 1 to {MAX_REDUCTION}, got {text!r}")
    return int(text)


def check_style_options(styles: Sequence[Path], style_size: int | None, style_scale: float) -> None:
    """Raise a usage error if a .style file should be analysed at another size: its picture has been analysed before."""
    option = "--style-size" if style_size is not None else "--style-scale" if style_scale != 1 else None
    if option is None:
        return
    from styler.model.style_catalog import is_style_name

    saved = [path for path in styles if path.suffix.lower() == STYLE_SUFFIX or is_style_name(path)]
    if saved:
        todo = "make it again: styler style save PICTURE --style-size N"
        raise typer.BadParameter(f"{option} does nothing with {saved[0]}, which was analysed when it was made; {todo}")


def parse_tile(text: str) -> int | Literal["auto"]:
    """Return the tile side in pixels, 0 for no tiles, or "auto"."""
    if text == "auto":
        return "auto"
    if not text.isdecimal() or len(text) > MAX_DIGITS:
        raise typer.BadParameter(f"--tile: expected auto, 0 or pixels, got {text!r}")
    return int(text)


def parse_bytes(text: str) -> int:
    """Return a number of bytes from a size such as 2G or 500M."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE | re.ASCII)
    if match is None or len(match[1]) > MAX_DIGITS:
        raise typer.BadParameter(f"--max-memory: expected a size such as 2G or 500M, got {text!r}")
    num_bytes = int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " "))
    if num_bytes < MIN_MEMORY:
        raise typer.BadParameter(f"--max-memory: expected 1M or more, such as 2G, got {text!r}")
    return num_bytes


def parse_numbers(text: str) -> list[int]:
    """Return the positive integers in a comma-separated list."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise typer.BadParameter(f"--sizes: expected positive integers such as 512,1024, got {text!r}")
    return [int(part) for part in parts]


def paired(masks: list[Path], styles: list[Path]) -> list[tuple[Path, Path]]:
    """Return each mask with its style."""
    if len(masks) != len(styles):
        raise typer.BadParameter(f"{len(masks)} --mask and {len(styles)} --style: each mask needs its style")
    return list(zip(masks, styles, strict=True))


def default_out(content: Path, styles: list[Path]) -> Path:
    """Return the default output file, in the current folder: CONTENT-STYLE.png."""
    names = ["stdin" if str(path) == "-" else path.stem for path in (content, *styles)]
    return Path("-".join(names) + ".png")
