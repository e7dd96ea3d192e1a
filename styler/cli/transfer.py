"""`styler transfer`: one photograph, one style or a mixture of several, one picture."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from styler.choices import MAX_PIXELS
from styler.cli.options import (
    AlphaOption,
    ColorsOption,
    DeviceOption,
    DTypeOption,
    LevelsOption,
    MaxMemoryOption,
    MaxPixelsOption,
    MetadataOption,
    MethodOption,
    ModelOption,
    SizeOption,
    StyleScaleOption,
    StyleSizeOption,
    TileOption,
    TransformOption,
    default_out,
    parse_alpha,
    parse_bytes,
    parse_levels,
    parse_tile,
    parse_weights,
)
from styler.cli.stylizing import make_picture, make_sheet
from styler.process import garbage_collection_paused


def transfer(
    content: Annotated[Path, typer.Argument(help="The photograph; - reads standard input.", show_default=False)],
    styles: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="STYLE...", help="Pictures with the style you want, or .style files.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="PNG, JPEG, WebP or TIFF by its ending; - writes a PNG to standard output.",
            show_default="CONTENT-STYLE.png",
        ),
    ] = None,
    alpha: AlphaOption = "1",
    weights: Annotated[
        str | None,
        typer.Option(help="Shares of several styles, such as 0.7,0.3.", show_default="equal"),
    ] = None,
    mask: Annotated[
        list[Path] | None, typer.Option(help="Where the --style of the same place goes: white. As often as you like.")
    ] = None,
    style: Annotated[list[Path] | None, typer.Option(help="The style of a --mask.")] = None,
    keep: Annotated[Path | None, typer.Option(help="A mask, white where the photograph stays as it is.")] = None,
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
        Path | None, typer.Option(help="Write a contact sheet over strengths and levels instead, to choose from.")
    ] = None,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON on what was done.")] = False,
) -> None:
    """Give the photograph CONTENT the style of the picture STYLE, or parts of it the styles of their masks."""
    styles, regions = styles or [], paired(mask or [], style or [])
    shares = parse_weights(weights)
    check_usage([content, *styles], [*(path for pair in regions for path in pair), *([keep] if keep else [])])
    if not styles and not regions:
        raise typer.BadParameter("give a STYLE, or a --mask and its --style")
    if shares is not None and len(shares) != len(styles):
        raise typer.BadParameter(f"{len(shares)} --weights for {len(styles)} styles")
    settings = {
        "alpha": parse_alpha(alpha),
        "weights": shares,
        "regions": [[str(path) for path in pair] for pair in regions],
        "keep": None if keep is None else str(keep),
        "preserve_color": preserve_color,
        "levels": parse_levels(levels),
        "size": size,
        "style_size": style_size,
        "style_scale": style_scale,
        "transform": transform,
        "method": method,
        "tile": parse_tile(tile),
        "max_memory": parse_bytes(max_memory),
    }
    with garbage_collection_paused("torch"):
        from styler.images import writable_format

    named = sheet or out or default_out(content, [*styles, *(path for _, path in regions)])
    if str(named) != "-":
        writable_format(named, overwrite=overwrite)
    make = make_sheet if sheet else make_picture
    words = Console(stderr=True, soft_wrap=True, markup=False, emoji=False, quiet=quiet or as_json)
    place = {"model": model, "device": device, "dtype": dtype}
    how = {"max_pixels": max_pixels, "metadata": metadata, "overwrite": overwrite}
    done = make(content, styles, named, settings, place, words, **how)
    if as_json:
        typer.echo(json.dumps(done), err=str(named) == "-")


def paired(masks: list[Path], styles: list[Path]) -> list[tuple[Path, Path]]:
    """Return each mask with its style."""
    if len(masks) != len(styles):
        raise typer.BadParameter(f"{len(masks)} --mask and {len(styles)} --style: each mask needs its style")
    return list(zip(masks, styles, strict=True))


def check_usage(pictures: list[Path], others: list[Path]) -> None:
    """Refuse what would read standard input twice, or where it can't be read."""
    if [str(path) for path in pictures].count("-") > 1:
        raise typer.BadParameter("standard input can be read only once")
    if "-" in map(str, others):
        raise typer.BadParameter("a --mask, its --style and --keep can't be read from standard input")
