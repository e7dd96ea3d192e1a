"""Parsers for the options of `styler bench sqrt`: lists of numbers, names of roots, and matrices."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from torch import Tensor


def parse_sizes(text: str) -> list[tuple[int, int]]:
    """Return batch and matrix sizes from a list such as 64x48,1x512."""
    parts = [part.strip().split("x") for part in text.split(",")]
    if not all(len(part) == 2 and all(number.isdecimal() and int(number) for number in part) for part in parts):
        raise typer.BadParameter(f"--sizes: expected batch and matrix sizes such as 64x48,1x512, got {text!r}")
    return [(int(batch), int(n)) for batch, n in parts]


def parse_kappas(text: str) -> list[float]:
    """Return the condition numbers in a comma-separated list."""
    try:
        kappas = [float(part) for part in text.split(",")]
    except ValueError:
        kappas = []
    if not kappas or not all(1 <= kappa < math.inf for kappa in kappas):
        raise typer.BadParameter(f"--kappa: expected condition numbers of at least 1 such as 1e2,1e4, got {text!r}")
    return kappas


def chosen_roots(text: str | None, known: Sequence[str]) -> list[str] | None:
    """Return the names in a comma-separated list; a name without degree and steps selects all degrees and steps."""
    if text is None:
        return None
    chosen = []
    for wanted in text.split(","):
        found = [name for name in known if name == wanted or name.startswith(f"{wanted}, ")]
        if not found:
            raise typer.BadParameter(f"--roots: {wanted!r} is not one of {', '.join(known)}")
        chosen += found
    return chosen


def random_matrices(sizes: str | None, sweep: str | None, kappa: str | None) -> "dict[str, Tensor]":
    """Return batches of random matrices by name."""
    from styler.benchmarks.sqrt.matrices import SIZES, SWEEPS, conditioned_covariances, random_covariances

    chosen = parse_sizes(sizes) if sizes else SWEEPS[sweep] if sweep else SIZES
    if kappa is None:
        return {f"random {batch}x{n}": random_covariances(batch, n) for batch, n in chosen}
    return {
        f"κ = {number:g}, {batch}x{n}": conditioned_covariances(batch, n, number)
        for number in parse_kappas(kappa)
        for batch, n in chosen
    }


def covariances_of(source: Path, model: str) -> "dict[str, Tensor]":
    """Return the covariances of a photograph's features by level."""
    from styler.benchmarks.sqrt.matrices import feature_covariances
    from styler.images import Picture
    from styler.model.weights import load_model

    covariances = feature_covariances(Picture.open(source).image, load_model(model).encoder)
    return {f"{source.stem} {level}": covariance for level, covariance in covariances.items()}
