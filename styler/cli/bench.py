"""`styler bench …`: the figures in the README and in docs/, on the machine at hand."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.cli.bench_gradients import bench_gradients
from styler.cli.bench_layers import bench_layers
from styler.cli.bench_one_step import bench_one_step
from styler.cli.bench_quality import bench_quality
from styler.cli.bench_sqrt import bench_sqrt
from styler.cli.bench_transfer import bench_transfer
from styler.cli.console import stdout
from styler.cli.options import DeviceOption, DTypeOption, ModelOption
from styler.threads import wait_asleep

app = typer.Typer(no_args_is_help=True, help="Measure this machine.")
app.command("sqrt")(bench_sqrt)
app.command("gradients")(bench_gradients)
app.command("layers")(bench_layers)
app.command("one-step")(bench_one_step)
app.command("quality")(bench_quality)
app.command("transfer")(bench_transfer)


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
    from styler.benchmarks.batch import batch_rows
    from styler.transfer import Stylizer

    keep_freed_memory()
    stylizer, ratios = Stylizer(model, device=device, dtype=dtype), []
    paths = [source.path for source in sources(contents, "contents", Path(), recursive=True)][:pictures]
    for row in batch_rows(paths, style, stylizer, size=size, format=format, repeats=repeats):
        ratios.append(row.batch / row.network)
        stdout.print(f"{row.pictures} pictures: network {row.network:.2f} s, batch {row.batch:.2f} s, {ratios[-1]:.3f}")
    stdout.print(f"median ratio {median(ratios):.3f}")
