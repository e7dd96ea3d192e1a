"""`styler styles`: the built-in styles."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from styler.cli.console import message_console, stdout
from styler.cli.help_pages import HelpGroup, HelpPage, examples, make_app
from styler.cli.options import OverwriteOption

COLUMNS = 5
"""Pictures in a row of the sheet."""

app = make_app(
    cls=HelpGroup,
    invoke_without_command=True,
    help="List and show the built-in styles.",
    epilog=examples("styler styles --sheet styles.png", "styler styles show great-wave"),
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON per style.", rich_help_panel="Output")]


@app.callback()
def list_styles(
    context: typer.Context,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Write a sheet of a photograph in each style to this file.", rich_help_panel="Output"),
    ] = None,
    overwrite: OverwriteOption = False,
    as_json: AsJson = False,
) -> None:
    """List the built-in styles: their names can be given instead of a style picture."""
    if context.invoked_subcommand is not None:
        return
    from rich.table import Table

    from styler.model.style_catalog import builtin_styles

    found = builtin_styles()
    table = Table("name", "title", "painter", "year", "museum")
    for style in found:
        if as_json:
            typer.echo(json.dumps(asdict(style)))
        table.add_row(style.name, style.title, style.painter, style.year, style.museum)
    if not as_json:
        stdout.print(table)
    if sheet is not None:
        write_sheet(sheet, overwrite=overwrite)


@app.command(cls=HelpPage, epilog=examples("styler styles show great-wave", "styler styles show great-wave --json"))
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a built-in style.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Show title, painter, year, museum and licence of a built-in style, and its files."""
    from styler.model.style_catalog import builtin_style, builtin_style_files

    style = builtin_style(name)
    files = {model: str(path) for model, path in builtin_style_files(name).items()}
    if as_json:
        typer.echo(json.dumps(asdict(style) | {"files": files}))
        return
    for key, value in asdict(style).items():
        stdout.print(f"{key:8} {value}", highlight=False)
    for model, path in files.items():
        stdout.print(f"{model:8} {path}", highlight=False)


def write_sheet(out: Path, *, overwrite: bool) -> None:
    """Write a sheet of the thumbnails, each with its name."""
    import io

    from PIL import Image

    from styler.images import Picture, writable_format
    from styler.images.contact_sheet import labelled_sheet
    from styler.model.style_catalog import builtin_styles, thumbnail_bytes

    writable_format(out, overwrite=overwrite)
    names = [style.name for style in builtin_styles()]
    pictures = [Picture.of(Image.open(io.BytesIO(thumbnail_bytes(name))).convert("RGB")) for name in names]
    rows = range(0, len(names), COLUMNS)
    sheet = labelled_sheet([pictures[at : at + COLUMNS] for at in rows], [names[at : at + COLUMNS] for at in rows])
    sheet.save(out, overwrite=overwrite)
    message_console(quiet=False).print(f"wrote {out}", highlight=False)
