"""`styler bench one-step`: pictures made with the published one-step roots, compared with exact roots."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.cli.console import stderr, stdout
from styler.cli.help_pages import examples
from styler.cli.options import ModelOption, RowsAsJsonOption

EXAMPLES = examples(
    "styler bench one-step photo.jpg painting.jpg --sheet one-step.jpg",
    "styler bench one-step photo.jpg painting.jpg --json",
)


def bench_one_step(
    content: Annotated[Path, typer.Argument(help="Photograph.", show_default=False)],
    style: Annotated[Path, typer.Argument(help="Style picture.", show_default=False)],
    size: Annotated[
        int, typer.Option(min=32, help="Side of the square crops in pixels.", rich_help_panel="Size")
    ] = 512,
    transform: Annotated[
        Literal["transport", "wct"], typer.Option(help="Transform of the features.", rich_help_panel="Style")
    ] = "transport",
    model: ModelOption = "base",
    sheet: Annotated[
        Path | None, typer.Option(help="Write the pictures side by side to this file.", rich_help_panel="Output")
    ] = None,
    as_json: RowsAsJsonOption = False,
) -> None:
    """Compare pictures stylized with the papers' one-step roots and with exact roots."""
    from rich import box
    from rich.table import Table

    from styler.benchmarks.sqrt.pictures import picture_rows
    from styler.images import Picture, writable_format
    from styler.images.contact_sheet import labelled_sheet
    from styler.model.weights import load_model
    from styler.training.data import load_square

    if sheet is not None:
        writable_format(sheet, overwrite=True)
    photo, painting = (load_square(path, size)[None] for path in (content, style))
    rows = list(picture_rows(load_model(model), photo, painting, transform=transform))
    title = f"{size}², difference from the picture with exact roots, of 255"
    table = Table("root by", "largest", "mean", title=title, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(row.name, f"{row.largest:.0f}", f"{row.mean:.1f}")
        if as_json:
            typer.echo(json.dumps({"name": row.name, "largest": row.largest, "mean": row.mean}))
    if not as_json:
        stdout.print(table)
    if sheet is not None:
        shown = labelled_sheet([[Picture.of(row.picture) for row in rows]], [[row.name for row in rows]])
        shown.save(sheet, overwrite=True)
        stderr.print(f"wrote {sheet}", highlight=False)
