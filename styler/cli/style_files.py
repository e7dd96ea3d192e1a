"""`styler style`: styles as files, which can be kept, mixed and shared without their pictures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from styler.cli.console import stderr, stdout
from styler.cli.help_pages import HelpGroup, HelpPage, examples, make_app
from styler.cli.options import DeviceOption, DTypeOption, ModelOption, OverwriteOption

app = make_app(
    cls=HelpGroup,
    no_args_is_help=True,
    help="Save, show and mix styles as files.",
    epilog=examples("styler style save painting.jpg --out painting.style", "styler style show painting.style"),
)

Out = Annotated[Path, typer.Option("--out", "-o", help="Output .style file.", rich_help_panel="Output")]
SAVE_EXAMPLES = examples(
    "styler style save painting.jpg --out painting.style",
    "styler style save paintings --out all.style --style-size 512",
)
SHOW_EXAMPLES = examples("styler style show painting.style", "styler style show painting.style --json")
MIX_EXAMPLES = examples(
    "styler style mix night.style wash.style --out both.style",
    "styler style mix night.style:0.3 wash.style:0.7 --out both.style",
)


@app.command(cls=HelpPage, epilog=SAVE_EXAMPLES)
def save(
    pictures: Annotated[list[Path], typer.Argument(help="Style pictures, or folders of them. Repeatable.")],
    out: Out,
    style_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Longer side at which pictures are analysed, in pixels.",
            show_default="the picture's size",
            rich_help_panel="Size",
        ),
    ] = None,
    refine_with: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|vgg19",
            help="Also save what --refine needs with this VGG-19, see styler transfer.",
            show_default=False,
            rich_help_panel="Style",
        ),
    ] = None,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    overwrite: OverwriteOption = False,
) -> None:
    """Save the style of a picture, or the average style of several, as a .style file."""
    from styler.files import sha256
    from styler.transfer.style_arrays import writable_style

    writable_style(out, overwrite=overwrite)
    from styler.transfer.style import RunningStyle
    from styler.transfer.style_file import save_style
    from styler.transfer.stylizer import Stylizer

    stylizer = Stylizer(model, device=device, dtype=dtype)
    common, sources = RunningStyle(), []
    for path in pictures_in(pictures):
        common.add(stylizer.style(path, size=style_size, refine_with=refine_with), 1.0)
        sources.append({"name": path.name, "sha256": sha256(path)})
    save_style(replace(common.style, sources=tuple(sources)), out, overwrite=overwrite)
    stderr.print(f"wrote {out}, the style of {len(sources)} picture{'s' * (len(sources) > 1)}", highlight=False)


@app.command(cls=HelpPage, epilog=SHOW_EXAMPLES)
def show(
    file: Annotated[Path, typer.Argument(help="Style file (.style).", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.", rich_help_panel="Output")] = False,
) -> None:
    """Show the source pictures, the model and the statistics of a style."""
    from styler.transfer.style_arrays import level_statistics, models_of, read_arrays

    file = builtin_for(file)
    style = read_arrays(file)
    rows = level_statistics(style.moments)
    found = {"file": str(file), "models": models_of(style.fingerprint), "encoder": style.fingerprint}
    found["loss_network"] = style.seen_by_loss and style.seen_by_loss.fingerprint
    if as_json:
        typer.echo(json.dumps(found | {"sources": style.sources, "levels": rows}))
        return
    from rich.table import Table

    stdout.print(f"{file}: for {', '.join(found['models']) or 'an unknown model'}", highlight=False)
    for source in style.sources:
        share = f"{source['share']:.0%} " if isinstance(source.get("share"), float) else ""
        name = str(source.get("name"))
        stdout.print(f"  {share}{name if name.isprintable() else ascii(name)}", highlight=False)
    if style.seen_by_loss is not None:
        stdout.print("  with the moments of a loss network, for --refine", highlight=False)
    table = Table("level", "channels", "energy", "directions")
    for level, row in rows.items():
        table.add_row(level, str(row["channels"]), f"{row['energy']:.3g}", f"{row['directions']:.1f}")
    stdout.print(table)


@app.command(cls=HelpPage, epilog=MIX_EXAMPLES)
def mix(
    styles: Annotated[
        list[str],
        typer.Argument(
            metavar="STYLE[:WEIGHT]...", help=".style files, optionally with a weight, e.g. a.style:0.7. Repeatable."
        ),
    ],
    out: Out,
    overwrite: OverwriteOption = False,
) -> None:
    """Mix styles by weight; without weights they are mixed equally."""
    from safetensors.numpy import save

    from styler.files import atomic_file
    from styler.transfer.style_arrays import read_arrays, tensors_of, writable_style
    from styler.transfer.style_mixture import mixed_arrays

    writable_style(out, overwrite=overwrite)
    paths, weights = zip(*(parse_weighted(text) for text in styles), strict=True)
    if not sum(weights) > 0:
        raise typer.BadParameter("the weights sum to 0")
    paths = [builtin_for(path) for path in paths]
    parts = [read_arrays(path) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if part.fingerprint != parts[0].fingerprint:
            raise typer.BadParameter(f"{path} was made with another model than {paths[0]}")
    with atomic_file(out, overwrite=overwrite) as file:
        file.write(save(*tensors_of(mixed_arrays(parts, weights))))
    stderr.print(f"wrote {out}", highlight=False)


def builtin_for(path: Path) -> Path:
    """Return the path, or the file of the built-in style that it names, for the model of processors."""
    from styler.model.catalog import AUTO
    from styler.model.style_catalog import resolved_styles

    return resolved_styles([path], AUTO["cpu"])[0]


def parse_weighted(text: str) -> tuple[Path, float]:
    """Return a file and its weight: the number after the last colon, unless a file has the whole name; 1 by default."""
    name, colon, weight = text.rpartition(":")
    if not colon or Path(text).exists():
        return Path(text), 1.0
    try:
        number = float(weight)
    except ValueError:
        return Path(text), 1.0
    if not 0 <= number < float("inf"):
        raise typer.BadParameter(f"expected a weight of 0 or more, got {text!r}")
    return Path(name), number


def pictures_in(paths: list[Path]) -> list[Path]:
    """Return the pictures, with folders replaced by the pictures in them."""
    from styler.batch.folders import sources

    return [source.path for path in paths for source in sources(path, "styles", None, recursive=False)]
