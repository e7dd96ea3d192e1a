"""`styler bench …`: the figures in the README and in docs/, on the machine at hand."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.cli.bench_layers import bench_layers
from styler.cli.bench_quality import bench_quality
from styler.cli.bench_sqrt import bench_sqrt
from styler.cli.console import stderr, stdout
from styler.cli.options import DeviceOption, DTypeOption, ModelOption, parse_numbers
from styler.threads import wait_asleep

app = typer.Typer(no_args_is_help=True, help="Measure this machine.")
app.command("sqrt")(bench_sqrt)
app.command("layers")(bench_layers)
app.command("quality")(bench_quality)

STAGES = ("encode", "moments", "root", "transform", "decode")


@app.command()
def transfer(
    content: Annotated[Path, typer.Argument(help="A photograph.", show_default=False)],
    style: Annotated[Path, typer.Argument(help="A picture with a style.", show_default=False)],
    sizes: Annotated[str, typer.Option(help="Sides of the squares, in pixels.")] = "512,1024",
    dtypes: Annotated[str, typer.Option(help="Precisions of the networks.")] = "auto,float32",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    repeats: Annotated[int, typer.Option(min=1, help="Runs after the first; medians are shown.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a row instead.")] = False,
) -> None:
    """Time a warm model, stage by stage, and the peak memory of a process that does nothing else."""
    wait_asleep()
    from rich.table import Table

    from styler.transfer_benchmark import transfer_rows

    columns = ("size", "dtype", "style", *STAGES, "total", "MP/s", "peak MiB")
    table = Table(*columns, title=f"seconds on {device}, model {model}")
    rows = transfer_rows(
        content,
        style,
        sizes=parse_numbers(sizes),
        dtypes=dtypes.split(","),
        model=model,
        device=device,
        repeats=repeats,
    )
    for row in rows:
        if as_json:
            typer.echo(json.dumps(asdict(row)))
        else:
            stderr.print(f"{row.size} {row.dtype}: {row.seconds['total']:.3f} s", highlight=False)
        seconds = [f"{row.seconds[name]:.3f}" for name in ("style", *STAGES, "total")]
        rate = row.size**2 / 1e6 / row.seconds["total"]
        table.add_row(f"{row.size}²", row.dtype, *seconds, f"{rate:.2f}", str(row.peak_mib))
    if not as_json:
        stdout.print(table)


@app.command()
def batch(
    contents: Annotated[Path, typer.Argument(help="A folder of photographs.", show_default=False)],
    style: Annotated[Path, typer.Argument(help="A picture with a style.", show_default=False)],
    size: Annotated[int, typer.Option(min=1, help="Longer side of the pictures, in pixels.")] = 512,
    pictures: Annotated[int, typer.Option(min=1, help="How many photographs, at most.")] = 100,
    format: Annotated[Literal["png", "jpg", "webp", "tiff"], typer.Option(help="What results are.")] = "png",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    repeats: Annotated[int, typer.Option(min=1, help="Rounds after the first.")] = 5,
) -> None:
    """Time a batch, from files to files, beside the network alone, one picture after the other."""
    wait_asleep()
    from statistics import median

    from styler.allocator import keep_freed_memory
    from styler.batch.folders import sources
    from styler.batch_benchmark import batch_rows
    from styler.transfer import Stylizer

    keep_freed_memory()
    stylizer, ratios = Stylizer(model, device=device, dtype=dtype), []
    paths = [source.path for source in sources(contents, "contents", Path(), recursive=True)][:pictures]
    for row in batch_rows(paths, style, stylizer, size=size, format=format, repeats=repeats):
        ratios.append(row.batch / row.network)
        stdout.print(f"{row.pictures} pictures: network {row.network:.2f} s, batch {row.batch:.2f} s, {ratios[-1]:.3f}")
    stdout.print(f"median ratio {median(ratios):.3f}")
