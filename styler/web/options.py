"""The fields of a request as options of `Stylizer.stylize`: the same names and values as on the command line."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from styler.choices import LEVELS, OutputFormat
from styler.transfer.arguments import CHECKS
from styler.web.problems import Problem

MAX_TEXT = 400
"""Characters of a value."""


def parse_alpha(text: str) -> float | dict[str, float]:
    """Return one strength, or strengths by level, coarse to fine."""
    if "=" not in text:
        return float(text)
    found = {name.strip(): float(value) for name, value in (part.split("=") for part in text.split(","))}
    if not found.keys() <= set(LEVELS):
        raise ValueError(text)
    return {level: found[level] for level in LEVELS if level in found}


def parse_levels(text: str) -> list[str]:
    """Return levels, coarse to fine."""
    found = [name.strip() for name in text.split(",")]
    if not set(found) <= set(LEVELS) or len(set(found)) != len(found):
        raise ValueError(text)
    return [level for level in LEVELS if level in found]


def parse_strokes(text: str) -> str | int:
    """Return "fine", "bold", or a whole number."""
    return int(text) if text.isdecimal() and len(text) < 3 else text


def parse_weights(text: str) -> list[float]:
    """Return weights."""
    return [float(part) for part in text.split(",")]


PARSERS: dict[str, Callable[[str], Any]] = {
    "alpha": parse_alpha,
    "weights": parse_weights,
    "preserve_color": str,
    "detail": float,
    "strokes": parse_strokes,
    "levels": parse_levels,
    "size": int,
    "style_size": int,
    "style_scale": float,
    "transform": str,
}
"""Options of `Stylizer.stylize` that a request may set; memory, tiles and methods are the server's."""

FILES = {"format": get_args(OutputFormat), "metadata": ("keep", "strip")}
"""Options of the file that comes back; the first is the default."""


def stylize_options(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the options that the fields set.

    Raises:
        Problem: If a value is none of what its option takes.
    """
    found: dict[str, Any] = {}
    for name, parse in PARSERS.items():
        if name not in fields:
            continue
        text, (is_right, words) = fields[name], CHECKS[name]
        try:
            value = parse(text[:MAX_TEXT])
        except ValueError:
            value = None
        if value is None or not is_right(value):
            raise Problem(422, f"{name} is {text[:40]!r}", f"expected {words.removesuffix(', or None')}")
        found[name] = value
    return found


def file_options(fields: Mapping[str, str]) -> dict[str, str]:
    """Return format and metadata of the file that comes back.

    Raises:
        Problem: If a value is none of what its option takes.
    """
    found = {name: fields.get(name, values[0]) for name, values in FILES.items()}
    for name, values in FILES.items():
        if found[name] not in values:
            raise Problem(422, f"{name} is {found[name][:40]!r}", f"expected one of {', '.join(values)}")
    return found
