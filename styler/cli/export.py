"""`styler export`: the transfer as graphs for other runtimes."""

from pathlib import Path
from typing import Annotated

import typer

from styler.choices import ExportDType, ExportFormat
from styler.cli.console import message_console
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.options import OverwriteOption, QuietOption

EXAMPLES = examples("styler export -o web --model small", "styler export -o graphs --format pt2 --model base")

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def export(
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Output folder.", show_default=False, rich_help_panel="Output"),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="Name of a shipped model, or a .safetensors file.", rich_help_panel="Machine"
        ),
    ] = "small",
    format: Annotated[
        ExportFormat,
        typer.Option(
            help="File format: onnx, or pt2 for torch.export (AOTInductor, ExecuTorch).", rich_help_panel="Output"
        ),
    ] = "onnx",
    dtype: Annotated[
        ExportDType, typer.Option(help="Precision of the networks.", rich_help_panel="Machine")
    ] = "float32",
    masks: Annotated[
        bool,
        typer.Option(
            "--masks", help="Also write a graph with a style for each of several masks.", rich_help_panel="Output"
        ),
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Also write a page for browsers, with the runtime in FOLDER: dist of the npm package onnxruntime-web.",
            rich_help_panel="Output",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the transfer as portable graphs, ONNX or torch.export.

    One graph computes the style of a picture, the other stylizes a photograph, a third one (--masks) stylizes it by
    regions. A card with the licence and a list of
    SHA-256 are written beside them.
    """
    from styler.export.browser_page import check_runtime, write_page
    from styler.process import garbage_collection_paused

    if page is not None:
        if format != "onnx" or dtype != "float32":
            raise typer.BadParameter("--page needs --format onnx and --dtype float32")
        check_runtime(page)
    console = message_console(quiet=quiet)
    with console.status("tracing the networks …", spinner_style="cyan"):
        with garbage_collection_paused("torch"):
            from styler.export.writing import export_model
        paths = export_model(model, out, format=format, dtype=dtype, masks=masks, overwrite=overwrite)
        if page is not None:
            paths += write_page(out, page, overwrite=overwrite)
    for path in paths:
        console.print(f"wrote {path} ({path.stat().st_size / 1e3:,.0f} kB)", highlight=False)
