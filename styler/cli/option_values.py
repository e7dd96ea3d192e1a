"""Values of options from their text, with usage errors; checks of options that depend on each other."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import typer

from styler.choices import (
    LEVELS,
    MAX_REDUCTION,
    STYLE_SUFFIX,
    Level,
    Strokes,
)

MAX_DIGITS = 18
"""Longest number that is parsed here; for thousands of digits Python raises an error of its own."""

MIN_MEMORY = 1 << 20
"""Bytes; less is a mistake in the unit."""


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


def check_refinement(refine: int, refine_with: str | None) -> None:
    """Raise a usage error unless steps and loss network go together."""
    if refine and refine_with is None:
        raise typer.BadParameter("--refine needs a loss network: --refine-with FILE, or --refine-with vgg19")
    if refine_with is not None and not refine:
        raise typer.BadParameter("--refine-with does nothing without --refine N")


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


def parse_counts(text: str, *, option: str) -> list[int]:
    """Return the positive integers in a comma-separated list."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise typer.BadParameter(f"{option}: expected positive integers such as 4,8, got {text!r}")
    return [int(part) for part in parts]


def parse_peers(texts: list[str]) -> dict[str, str]:
    """Return the commands of other tools by name."""
    for text in texts:
        name, _, command = text.partition("=")
        try:
            filled = [word.format(content="", style="", out="") for word in shlex.split(command)]
        except (ValueError, LookupError):  # an unclosed quote, other names in braces
            filled = []
        if not name or not filled or "{out}" not in command:
            expected = "NAME=COMMAND with {content}, {style} and {out} in the command"
            raise typer.BadParameter(f"--peer: expected {expected}, got {text!r}")
    return dict(text.split("=", 1) for text in texts)
