"""`styler transfer`: one photograph, one style or a mixture of several, one picture."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from styler.choices import MAX_PIXELS
from styler.cli.console import message_console
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.light_stylizing import write_light_picture
from styler.cli.option_values import (
    check_alpha_levels,
    check_refinement,
    check_style_options,
    default_out,
    paired,
    parse_alpha,
    parse_bytes,
    parse_levels,
    parse_strokes,
    parse_tile,
    parse_weights,
)
from styler.cli.options import (
    AlphaOption,
    ColorsOption,
    DetailOption,
    DeviceOption,
    DTypeOption,
    EngineOption,
    KeepOption,
    LevelsOption,
    MaskOption,
    MaskStyleOption,
    MaxMemoryOption,
    MaxPixelsOption,
    MetadataOption,
    MethodOption,
    ModelOption,
    OverwriteOption,
    PageOption,
    QuietOption,
    RefineOption,
    RefineWithOption,
    SeedFlatsOption,
    SizeOption,
    StrokesOption,
    StyleScaleOption,
    StyleSizeOption,
    TileOption,
    TransformOption,
    VerboseOption,
    WeightsOption,
)
from styler.cli.stylizing import check_writable, print_summary, write_picture, write_sheet
from styler.process import garbage_collection_paused

EXAMPLES = examples(
    "styler transfer photo.jpg great-wave",
    "styler transfer photo.jpg painting.jpg --alpha 0.6 --size 1024 --out result.jpg",
)

INTERRUPTED = 130
"""Exit status."""

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def transfer(
    content: Annotated[
        Path,
        typer.Argument(metavar="CONTENT", help="Photograph to stylize; - reads standard input.", show_default=False),
    ],
    styles: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="STYLE...",
            help="Style pictures, .style files or names of built-in styles. Repeatable.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Output file; its extension chooses PNG, JPEG, WebP, TIFF or AVIF. - writes PNG to standard output.",
            show_default="CONTENT-STYLE.png",
            rich_help_panel="Output",
        ),
    ] = None,
    page: PageOption = None,
    alpha: AlphaOption = "1",
    weights: WeightsOption = None,
    mask: MaskOption = None,
    style: MaskStyleOption = None,
    keep: KeepOption = None,
    detail: DetailOption = 0.0,
    strokes: StrokesOption = "fine",
    seed_flats: SeedFlatsOption = True,
    refine: RefineOption = 0,
    refine_with: RefineWithOption = None,
    preview: Annotated[
        Path | None,
        typer.Option(
            help="Write the picture so far to this file every two seconds of --refine.", rich_help_panel="Output"
        ),
    ] = None,
    preserve_color: ColorsOption = "none",
    levels: LevelsOption = None,
    size: SizeOption = None,
    style_size: StyleSizeOption = None,
    style_scale: StyleScaleOption = 1.0,
    transform: TransformOption = "transport",
    method: MethodOption = "auto",
    tile: TileOption = "auto",
    max_memory: MaxMemoryOption = "2G",
    max_pixels: MaxPixelsOption = MAX_PIXELS,
    metadata: MetadataOption = "keep",
    sheet: Annotated[
        Path | None,
        typer.Option(
            help="Write a contact sheet of several strengths and levels to this file instead.",
            rich_help_panel="Output",
        ),
    ] = None,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    engine: EngineOption = "auto",
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a summary as one line of JSON.", rich_help_panel="Output")
    ] = False,
) -> None:
    """Stylize a photograph with one or more style pictures.

    Several styles are mixed. --mask with --style gives a region a style of its own.
    """
    styles, regions = styles or [], paired(mask or [], style or [])
    shares = parse_weights(weights)
    check_style_options([*styles, *(style or [])], style_size, style_scale)
    check_usage([content, *styles], [*(path for pair in regions for path in pair), *([keep] if keep else [])])
    if not styles and not regions:
        raise typer.BadParameter("give a STYLE, or a --mask and its --style")
    check_refinement(refine, refine_with)
    if preview is not None and not refine:
        raise typer.BadParameter("--preview does nothing without --refine N")
    if refine and sheet is not None:
        raise typer.BadParameter("a --sheet can't be refined: choose from it first")
    if sheet is not None and out is not None:
        raise typer.BadParameter("--sheet FILE is the output, so --out can't be given too")
    if shares is not None and len(shares) != len(styles):
        raise typer.BadParameter(f"{len(shares)} --weights for {len(styles)} styles")
    strengths, chosen_levels = parse_alpha(alpha), parse_levels(levels)
    check_alpha_levels(strengths, chosen_levels)
    settings = {
        "alpha": strengths,
        "weights": shares,
        "regions": [[str(path) for path in pair] for pair in regions],
        "keep": None if keep is None else str(keep),
        "detail": detail,
        "strokes": parse_strokes(strokes),
        "seed_flats": seed_flats,
        "preserve_color": preserve_color,
        "levels": chosen_levels,
        "size": size,
        "style_size": style_size,
        "style_scale": style_scale,
        "transform": transform,
        "method": method,
        "tile": parse_tile(tile),
        "max_memory": parse_bytes(max_memory),
        **({"refine": refine, "refine_with": refine_with} if refine else {}),
    }
    with garbage_collection_paused("torch"):
        from styler.images import writable_format

    target = sheet or out or default_out(content, [*styles, *(path for _, path in regions)])
    check_writable(target, overwrite=overwrite)
    if preview is not None:
        check_preview(preview, target, [content, *styles, *(path for pair in regions for path in pair)], keep)
        writable_format(preview, overwrite=True)
    console = message_console(quiet=quiet or as_json)
    loading = {"model": model, "device": device, "dtype": dtype}
    files: dict[str, Any] = {"max_pixels": max_pixels, "metadata": metadata, "overwrite": overwrite, "page": page}
    task = (content, styles, target, settings, loading, console)
    if sheet:
        summary = write_sheet(*task, **files)
    else:
        summary = write_light_picture(*task, engine=engine, **files)
        summary = summary or write_picture(*task, **files, **({"preview": preview} if preview else {}))
    if verbose and not sheet:
        print_summary(summary, console)
    if as_json:
        typer.echo(json.dumps(summary), err=str(target) == "-")
    if summary.get("interrupted"):
        raise typer.Exit(INTERRUPTED)


def check_preview(preview: Path, out: Path, inputs: list[Path], keep: Path | None) -> None:
    """Raise a usage error if the preview, which replaces any file, would replace the output or an input."""
    kinds = {"the output": [out], "an input": [*inputs, *([keep] if keep else [])]}
    for kind, paths in kinds.items():
        if preview.resolve() in [path.resolve() for path in paths]:
            raise typer.BadParameter(f"--preview would replace {preview}, which is {kind}")


def check_usage(pictures: list[Path], others: list[Path]) -> None:
    """Raise a usage error if standard input is to be read twice, or for a mask, which must be a file."""
    if [str(path) for path in pictures].count("-") > 1:
        raise typer.BadParameter("standard input can be read only once")
    if "-" in map(str, others):
        raise typer.BadParameter("a --mask, its --style and --keep can't be read from standard input")
