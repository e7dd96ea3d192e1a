"""`styler bench gradients`: how right and how smooth the gradients of the papers' roots are."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from styler.cli.console import stdout

if TYPE_CHECKING:
    from styler.benchmarks.sqrt.remedies import Smoothness

COLUMNS = ("gradient by", "error, float32", "error, float64", "roughness")


def bench_gradients(
    size: Annotated[int, typer.Option(min=4, help="Size of the matrices.")] = 64,
    ridges: Annotated[
        str, typer.Option(help="Ridges on covariances of size/4 positions; as many eigenvalues are equal to it.")
    ] = "1e-1,1e-3",
    points: Annotated[int, typer.Option(min=2, help="Points on each line between two covariances.")] = 33,
    lines: Annotated[int, typer.Option(min=1, help="Lines.")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a row instead.")] = False,
) -> None:
    """Compare gradients through square roots: error in float32 and float64, and change along lines of matrices."""
    from styler.benchmarks.sqrt.remedies import smoothness_rows

    if not as_json:
        stdout.print("errors: the largest, relative; roughness: largest change along a line, exact gradient 1")
    for ridge in parse_ridges(ridges):
        rows = list(smoothness_rows(size, points=points, lines=lines, ridge=ridge))
        for row in rows if as_json else []:
            typer.echo(json.dumps({"ridge": ridge, **asdict(row)}))
        if not as_json:
            stdout.print(smoothness_table(f"{size}x{size}, ridge {ridge:g}", rows))


def parse_ridges(text: str) -> list[float]:
    """Return the numbers above zero in a comma-separated list."""
    try:
        ridges = [float(part) for part in text.split(",")]
    except ValueError:
        ridges = []
    if not ridges or not all(0 < ridge < 1 for ridge in ridges):
        raise typer.BadParameter(f"--ridges: expected numbers between 0 and 1 such as 1e-1,1e-3, got {text!r}")
    return ridges


def smoothness_table(title: str, rows: "list[Smoothness]"):
    """Return the table of one ridge."""
    from rich import box
    from rich.table import Table

    table = Table(*COLUMNS, title=title, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(row.name, f"{row.single:.1e}", f"{row.double:.1e}", f"{row.roughness:.2g}")
    return table
