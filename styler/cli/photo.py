"""`styler photo`: the colors of a style on a photograph whose edges and texture stay as they are."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from styler.choices import MAX_PIXELS, PHOTO_ALPHA
from styler.cli.batch_options import FormatOption, RecursiveOption
from styler.cli.console import message_console
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.option_values import default_out, paired, parse_weights
from styler.cli.options import (
    DeviceOption,
    DTypeOption,
    KeepOption,
    MaskOption,
    MaskStyleOption,
    MaxPixelsOption,
    MetadataOption,
    ModelOption,
    OverwriteOption,
    PageOption,
    QuietOption,
    SizeOption,
    WeightsOption,
)
from styler.process import garbage_collection_paused

EXAMPLES = examples(
    "styler photo photo.jpg painting.jpg",
    "styler photo photo.jpg painting.jpg --alpha 0.5 --cube look.cube --out result.jpg",
)

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def photo(
    content: Annotated[
        Path,
        typer.Argument(
            metavar="CONTENT",
            help="Photograph, or a folder of photographs; - reads standard input.",
            show_default=False,
        ),
    ],
    styles: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="STYLE...",
            help="Style pictures, .style files or names of built-in styles; several are mixed. Repeatable.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Output file; its extension chooses PNG, JPEG, WebP, TIFF or AVIF. For a folder, the output folder.",
            show_default="CONTENT-STYLE.png",
            rich_help_panel="Output",
        ),
    ] = None,
    page: PageOption = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Strength, 0 to 1; beyond the default skin may look painted.",
            show_default=f"{PHOTO_ALPHA}, with --lut 1",
            rich_help_panel="Style",
        ),
    ] = None,
    weights: WeightsOption = None,
    mask: MaskOption = None,
    style: MaskStyleOption = None,
    keep: KeepOption = None,
    lut: Annotated[
        Path | None,
        typer.Option(metavar="FILE.cube", help="Apply this 3-D LUT instead of a style.", rich_help_panel="Style"),
    ] = None,
    size: SizeOption = None,
    cube: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.cube",
            help="Also write the change of colors as a 3-D LUT for other programs.",
            rich_help_panel="Output",
        ),
    ] = None,
    cube_points: Annotated[
        Literal["33", "65"], typer.Option(help="Points a side of --cube.", rich_help_panel="Output")
    ] = "33",
    recursive: RecursiveOption = False,
    format: FormatOption = "png",
    max_pixels: MaxPixelsOption = MAX_PIXELS,
    metadata: MetadataOption = "keep",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a summary as one line of JSON.", rich_help_panel="Output")
    ] = False,
) -> None:
    """Give a photograph the colors of a style; edges and texture stay.

    The photograph is stylized in small, and what of that is a change of colors is applied to it, at any size.
    """
    styles, regions, shares = styles or [], paired(mask or [], style or []), parse_weights(weights)
    inputs = [content, *styles, *(path for pair in regions for path in pair), *([keep] if keep else [])]
    check_usage(inputs, styles, regions, shares, lut, cube)
    settings: dict[str, Any] = {
        "alpha": (1.0 if lut else PHOTO_ALPHA) if alpha is None else alpha,
        "weights": shares,
        "regions": [[str(path) for path in pair] for pair in regions],
        "keep": None if keep is None else str(keep),
        "size": size,
    }
    loading = {"model": model, "device": device, "dtype": dtype}
    if content.is_dir():
        from styler.cli.photo_batch import photo_batch

        if out is None or cube or page or not (styles or lut):
            raise typer.BadParameter("a folder needs STYLE or --lut, and --out FOLDER, and takes no --cube or --page")
        if lut is not None and lut.suffix.lower() != ".cube":
            raise typer.BadParameter(f"--lut: expected a name that ends in .cube, got {lut}")
        how: dict[str, Any] = {"recursive": recursive, "format": format, "quiet": quiet, "as_json": as_json}
        how |= {"overwrite": overwrite, "keep_metadata": metadata == "keep", "max_pixels": max_pixels}
        photo_batch(content, [lut] if lut else styles, out, settings, loading, **how)
        return
    with garbage_collection_paused("torch"):
        from styler.cli.photo_output import check_cube, write_graded, write_photo

    target = out or default_out(content, [lut] if lut else [*styles, *(path for _, path in regions)])
    files: dict[str, Any] = {"max_pixels": max_pixels, "metadata": metadata, "overwrite": overwrite, "page": page}
    console = message_console(quiet=quiet or as_json)
    if lut is not None:
        summary = write_graded(content, lut, target, settings, console, **files)
    else:
        if cube is not None:
            check_cube(cube, overwrite=overwrite)
            files |= {"cube": cube, "num_points": int(cube_points)}
        summary = write_photo(content, styles, target, settings, loading, console, **files)
    if as_json:
        typer.echo(json.dumps(summary), err=str(target) == "-")


def check_usage(
    inputs: list[Path],
    styles: list[Path],
    regions: list[tuple[Path, Path]],
    weights: list[float] | None,
    lut: Path | None,
    cube: Path | None,
) -> None:
    """Raise a usage error if options do not go together."""
    if "-" in map(str, inputs[1:]):
        raise typer.BadParameter("only the photograph can be read from standard input")
    if lut is None and not styles and not regions:
        raise typer.BadParameter("give a STYLE, a --mask and its --style, or a --lut")
    if lut is not None and (styles or regions or cube):
        raise typer.BadParameter("--lut takes the place of STYLE, --mask with --style and --cube")
    if cube is not None and regions:
        raise typer.BadParameter("--cube is for one change of the whole picture, so --mask can't be given too")
    if weights is not None and len(weights) != len(styles):
        raise typer.BadParameter(f"{len(weights)} --weights for {len(styles)} styles")
