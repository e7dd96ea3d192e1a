"""`styler style`: styles as files, to keep, to mix and to share without their pictures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from styler.cli.console import stderr, stdout
from styler.cli.options import DeviceOption, DTypeOption, ModelOption

app = typer.Typer(no_args_is_help=True, help="Keep styles as files, look at them, mix them.")

Out = Annotated[Path, typer.Option("--out", "-o", help="The .style file to write.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")]


@app.command()
def save(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them: their common style.")],
    out: Out,
    style_size: Annotated[
        int | None, typer.Option(min=1, help="Longer side to look at them, in pixels.", show_default="their own")
    ] = None,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Save the style of a picture, or the common style of several, each counting the same."""
    from styler.files import sha256
    from styler.transfer.style import RunningStyle
    from styler.transfer.style_file import save_style, writable_style
    from styler.transfer.stylizer import Stylizer

    writable_style(out, overwrite=overwrite)
    stylizer = Stylizer(model, device=device, dtype=dtype)
    common, sources = RunningStyle(), []
    for path in pictures_in(pictures):
        common.add(stylizer.style(path, size=style_size), 1.0)
        sources.append({"name": path.name, "sha256": sha256(path)})
    save_style(replace(common.style, sources=tuple(sources)), out, overwrite=overwrite)
    stderr.print(f"wrote {out}, the style of {len(sources)} picture{'s' * (len(sources) > 1)}", highlight=False)


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="A .style file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON instead.")] = False,
) -> None:
    """Say what a style was made of, for which model, and what is in it."""
    from styler.transfer.style_file import level_statistics, models_of, read_style

    style = read_style(file)
    rows = level_statistics(style)
    found = {"file": str(file), "models": models_of(style.fingerprint), "encoder": style.fingerprint}
    if as_json:
        typer.echo(json.dumps(found | {"sources": style.sources, "levels": rows}))
        return
    from rich.table import Table

    stdout.print(f"{file}: for {', '.join(found['models']) or 'a model that is not at hand'}", highlight=False)
    for source in style.sources:
        share = f"{source['share']:.0%} " if isinstance(source.get("share"), float) else ""
        name = str(source.get("name"))
        stdout.print(f"  {share}{name if name.isprintable() else ascii(name)}", highlight=False)
    table = Table("level", "channels", "energy", "directions")
    for level, row in rows.items():
        table.add_row(level, str(row["channels"]), f"{row['energy']:.3g}", f"{row['directions']:.1f}")
    stdout.print(table)


@app.command()
def mix(
    styles: Annotated[
        list[str], typer.Argument(metavar="STYLE[:SHARE]...", help="Styles, with shares such as a.style:0.7.")
    ],
    out: Out,
    overwrite: Overwrite = False,
) -> None:
    """Mix styles: what a picture would have that shows each in its share. Without shares they count the same."""
    from styler.transfer.style import mixed_style
    from styler.transfer.style_file import mixed_sources, read_style, save_style, writable_style

    writable_style(out, overwrite=overwrite)
    paths, shares = zip(*(parse_share(text) for text in styles), strict=True)
    if not sum(shares) > 0:
        raise typer.BadParameter("the shares sum to 0")
    parts = [read_style(path) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if part.fingerprint != parts[0].fingerprint:
            raise typer.BadParameter(f"{path} was made with another model than {paths[0]}")
    mixture = mixed_style(parts, shares)
    sources = mixed_sources(list(zip(parts, shares, strict=True)))
    save_style(replace(mixture, sources=sources), out, overwrite=overwrite)
    stderr.print(f"wrote {out}", highlight=False)


def parse_share(text: str) -> tuple[Path, float]:
    """Return a file and its share: the part after the last colon, if that is a number and no file has that name."""
    name, colon, share = text.rpartition(":")
    if not colon or Path(text).exists():
        return Path(text), 1.0
    try:
        number = float(share)
    except ValueError:
        return Path(text), 1.0
    if not 0 <= number < float("inf"):
        raise typer.BadParameter(f"expected a share of 0 and up, got {text!r}")
    return Path(name), number


def pictures_in(paths: list[Path]) -> list[Path]:
    """Return the pictures, and those in the folders."""
    from styler.batch.folders import sources

    return [source.path for path in paths for source in sources(path, "styles", None, recursive=False)]
