"""The table of `styler bench video --speed`."""

import json
from dataclasses import asdict
from pathlib import Path

import typer

from styler.choices import DType
from styler.cli.console import stderr
from styler.cli.markdown_table import header, line

COLUMNS = ("model", "size", "frames/s", "network alone", "around the network", "first pass, ms a frame")


def print_speed(photos: Path, style: Path, *, model: str, device: str, dtype: DType, as_json: bool) -> None:
    """Print how many frames a second are made of a clip in which the first photograph of a folder moves."""
    from styler.batch.folders import sources
    from styler.images import Picture
    from styler.process import keep_freed_memory
    from styler.transfer.stylizer import Stylizer
    from styler.video.speed import SIZES, video_speed

    keep_freed_memory()
    picture = Picture.open(sources(photos, "contents", None, recursive=True)[0].path)
    stylizer = Stylizer(model, device=device, dtype=dtype)
    rows = []
    for size, count in SIZES.items():
        stderr.print(f"{size[1]}×{size[0]}: {count} frames", highlight=False)
        rows.append(video_speed(stylizer, picture, style, size, count=count))
    if as_json:
        for row in rows:
            typer.echo(json.dumps(asdict(row) | {"around": round(row.around, 4)}))
        return
    typer.echo("\n".join(header(COLUMNS)))
    for row in rows:
        rates = (f"{1000 / row.whole:.2f}", f"{1000 / row.network:.2f}", f"{100 * row.around:.0f} %")
        cells = [f"{row.model}, {row.dtype}", f"{row.width}×{row.height}", *rates, f"{row.analysis:.1f}"]
        typer.echo(line(cells))
