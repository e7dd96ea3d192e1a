"""`styler bench gradients`: error and smoothness of the gradients of the papers' roots."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from styler.cli.console import stdout
from styler.cli.help_pages import examples
from styler.cli.options import RowsAsJsonOption

if TYPE_CHECKING:
    from styler.benchmarks.sqrt.remedies import Smoothness

COLUMNS = ("gradient by", "error, float32", "error, float64", "roughness")

EXAMPLES = examples("styler bench gradients", "styler bench gradients --size 32 --ridges 1e-2 --json")


def bench_gradients(
    size: Annotated[int, typer.Option(min=4, help="Matrix size.", rich_help_panel="Measurement")] = 64,
    ridges: Annotated[
        str,
        typer.Option(
            help="Ridges, e.g. 1e-1,1e-3, added to covariances of rank size/4.", rich_help_panel="Measurement"
        ),
    ] = "1e-1,1e-3",
    points: Annotated[
        int, typer.Option(min=2, help="Points on each line between two covariances.", rich_help_panel="Measurement")
    ] = 33,
    lines: Annotated[int, typer.Option(min=1, help="Number of lines.", rich_help_panel="Measurement")] = 4,
    as_json: RowsAsJsonOption = False,
) -> None:
    """Measure gradients of square roots: error in float32 and float64, and smoothness along lines of matrices."""
    from styler.benchmarks.sqrt.remedies import smoothness_rows

    if not as_json:
        stdout.print("largest relative errors; roughness: largest change along a line, relative to the exact gradient")
    for ridge in parse_ridges(ridges):
        rows = list(smoothness_rows(size, points=points, lines=lines, ridge=ridge))
        for row in rows if as_json else []:
            typer.echo(json.dumps({"ridge": ridge, **asdict(row)}))
        if not as_json:
            stdout.print(smoothness_table(f"{size}x{size}, ridge {ridge:g}", rows))


def parse_ridges(text: str) -> list[float]:
    """Return the numbers between 0 and 1 in a comma-separated list."""
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
