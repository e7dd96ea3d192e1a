"""`styler bench one-step`: what a picture looks like with a published one-step root in place of the exact one."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.cli.console import stderr, stdout
from styler.cli.options import ModelOption


def bench_one_step(
    content: Annotated[Path, typer.Argument(help="A photograph.", show_default=False)],
    style: Annotated[Path, typer.Argument(help="A picture with a style.", show_default=False)],
    size: Annotated[int, typer.Option(min=32, help="Side of the squares cut from them, in pixels.")] = 512,
    transform: Annotated[
        Literal["transport", "wct"], typer.Option(help="How features take on the style.")
    ] = "transport",
    model: ModelOption = "base",
    sheet: Annotated[Path | None, typer.Option(help="Write the pictures side by side, as .jpg or .png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a row instead.")] = False,
) -> None:
    """Stylize a picture with each of the papers' one-step roots, and compare it with the exact one."""
    from rich import box
    from rich.table import Table

    from styler.benchmarks.sqrt.pictures import picture_rows
    from styler.contact_sheet import labelled_sheet
    from styler.data import load_square
    from styler.images import save_image, writable_format
    from styler.weights import load_model

    if sheet is not None:
        writable_format(sheet, overwrite=True)
    photo, painting = (load_square(path, size)[None] for path in (content, style))
    rows = list(picture_rows(load_model(model), photo, painting, transform=transform))
    title = f"{size}², difference to the exact picture, of 255"
    table = Table("root by", "largest", "mean", title=title, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(row.name, f"{row.largest:.0f}", f"{row.mean:.1f}")
        if as_json:
            typer.echo(json.dumps({"name": row.name, "largest": row.largest, "mean": row.mean}))
    if not as_json:
        stdout.print(table)
    if sheet is not None:
        shown = labelled_sheet([[row.picture for row in rows]], [[row.name for row in rows]])
        save_image(shown, sheet, overwrite=True)
        stderr.print(f"wrote {sheet}", highlight=False)
