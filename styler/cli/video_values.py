"""Values of the options of `styler video`: times, rates and sizes, and which options go together."""

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import typer

from styler.cli.option_values import parse_strength


def parse_time(text: str, option: str) -> Fraction:
    """Return the seconds of a time such as 5, 2.5, 0:05 or 1:02:03."""
    match = re.fullmatch(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,9}(?:\.\d{1,9})?)", text.strip())
    if match is None:
        raise typer.BadParameter(f"{option}: expected a time such as 2.5, 0:05 or 1:02:03, got {text!r}")
    hours, minutes, seconds = (Fraction(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def parse_key(text: str, option: str) -> tuple[float, str]:
    """Return time and value of TIME=VALUE."""
    when, equals, value = text.partition("=")
    if not equals or not value:
        raise typer.BadParameter(f"{option}: expected TIME=VALUE such as 0:05=b.jpg, got {text!r}")
    return float(parse_time(when, option)), value


def parse_alpha_key(text: str) -> tuple[float, float]:
    """Return time and strength of TIME=ALPHA."""
    seconds, value = parse_key(text, "--alpha-at")
    try:
        return seconds, parse_strength(value)
    except ValueError:
        raise typer.BadParameter(f"--alpha-at: expected a strength from 0 to 1, got {value!r}") from None


def parse_rate(text: str) -> Fraction:
    """Return frames per second."""
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise typer.BadParameter(f"--fps: expected a rate such as 24 or 30000/1001, got {text!r}")
    return rate


def parse_size(text: str) -> tuple[int, int]:
    """Return height and width of WIDTHxHEIGHT."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None or not (int(match[1]) and int(match[2])):
        raise typer.BadParameter(f"--raw: expected a size such as 1280x720, got {text!r}")
    return int(match[2]), int(match[1])


def check_raw_options(clip: Path, out: Path | None, raw: str | None) -> None:
    """Raise unless all or none of the options for raw frames are given."""
    piped = [str(path) == "-" for path in (clip, out)]
    if any(piped) != (raw is not None) or piped[0] != piped[1]:
        raise typer.BadParameter("raw frames need all of CLIP -, --out - and --raw WIDTHxHEIGHT")


def check_photo_options(unfit: Mapping[str, bool]) -> None:
    """Raise for the first option that is given, of those that don't go with --photo."""
    option = next((name for name, is_given in unfit.items() if is_given), None)
    if option is not None:
        raise typer.BadParameter(f"--photo has one table for each shot, so {option} can't be given too")
