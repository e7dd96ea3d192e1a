"""`styler bench transfer`: time of a transfer by stage, compared with the limit of this machine."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from styler.cli.console import stderr, stdout
from styler.cli.help_pages import examples
from styler.cli.option_values import parse_numbers
from styler.cli.options import DeviceOption, ModelOption, RowsAsJsonOption
from styler.cli.plotting import require_matplotlib
from styler.process import reduce_thread_spinning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from styler.benchmarks.cold_start import ColdStart
    from styler.benchmarks.transfer_stages import TransferRow

EXAMPLES = examples("styler bench transfer", "styler bench transfer photo.jpg painting.jpg --sizes 512 --profile")


def bench_transfer(
    content: Annotated[Path | None, typer.Argument(help="Photograph.", show_default="smooth noise")] = None,
    style: Annotated[Path | None, typer.Argument(help="Style picture.", show_default="smooth noise")] = None,
    sizes: Annotated[
        str, typer.Option(help="Sides of the square pictures, in pixels.", rich_help_panel="Size")
    ] = "512,1024",
    dtypes: Annotated[
        str, typer.Option(help="Precisions of the networks.", rich_help_panel="Machine")
    ] = "auto,float32",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    repeats: Annotated[
        int,
        typer.Option(min=1, help="Timed runs, after one warm-up; the median is shown.", rich_help_panel="Measurement"),
    ] = 5,
    cold: Annotated[
        int,
        typer.Option(
            min=0,
            help="Timed runs of the whole command, at the first size; 0 skips them.",
            rich_help_panel="Measurement",
        ),
    ] = 7,
    profile: Annotated[
        bool, typer.Option("--profile", help="Show the slowest operators.", rich_help_panel="Measurement")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Plot the time by stage to this .png file.", rich_help_panel="Output")
    ] = None,
    as_json: RowsAsJsonOption = False,
) -> None:
    """Measure the time of a transfer by stage, in a warm process, from Python, and as a whole command."""
    reduce_thread_spinning()
    if profile:
        os.environ.setdefault("KINETO_LOG_LEVEL", "5")  # without it the profiler prints warnings about missing GPUs
    if plot is not None:
        require_matplotlib()
    sides, precisions = parse_numbers(sizes), dtypes.split(",")
    from styler.benchmarks.cold_start import cold_start
    from styler.benchmarks.transfer_stages import transfer_rows, written_squares

    rows, started = [], None
    with TemporaryDirectory() as folder:
        contents, styles = (
            written_squares(path, sides, Path(folder), seed=seed) for seed, path in enumerate((content, style))
        )
        for row in transfer_rows(
            contents, styles, dtypes=precisions, model=model, device=device, repeats=repeats, profiled=profile
        ):
            rows.append(row)
            print_row(row, as_json=as_json)
        if cold:
            options = ["--model", model, "--device", device, "--dtype", precisions[0]]
            started = cold_start(contents[sides[0]], styles[sides[0]], options=options, rounds=cold)
            if as_json:
                typer.echo(json.dumps({"size": sides[0], **asdict(started), "ratio": started.ratio}))
    if not as_json:
        print_tables(rows, started, sides[0])
    if plot is not None:
        draw(rows, plot)
        stderr.print(f"wrote {plot}", highlight=False)


def print_row(row: "TransferRow", *, as_json: bool) -> None:
    """Print a row as soon as it is measured: as JSON, or as a progress line."""
    if as_json:
        typer.echo(json.dumps(asdict(row) | {"share": row.share, "over_floor": row.over_floor}))
    else:
        stderr.print(f"{row.size} {row.dtype}: {row.seconds['warm']:.3f} s", highlight=False)


def print_tables(rows: "Sequence[TransferRow]", started: "ColdStart | None", size: int) -> None:
    """Print the tables, and the time of the whole command."""
    import torch

    stdout.print(f"{rows[0].device}, torch {torch.__version__}, {torch.get_num_threads()} threads", highlight=False)
    stdout.print(stages_table(rows))
    stdout.print(floor_table(rows))
    stdout.print(library_table(rows))
    for row in rows:
        if row.operators:
            stdout.print(operators_table(row))
    if started is not None:
        seconds = f"{started.transfer:.2f} s, import torch {started.torch:.2f} s, ratio {started.ratio:.2f}"
        stdout.print(f"whole command, {size}²: {seconds}", highlight=False)


def stages_table(rows: "Sequence[TransferRow]") -> "Table":
    """Return the table of times by stage."""
    stages = [name for name in rows[0].seconds if name != "warm"]
    table = narrow_table("size", "dtype", *stages, title="from file to file, ms by stage")
    for row in rows:
        table.add_row(f"{row.size}²", row.dtype, *(f"{1e3 * row.seconds[name]:.1f}" for name in stages))
    return table


def floor_table(rows: "Sequence[TransferRow]") -> "Table":
    """Return the table of the cascade's time against the limit of the machine."""
    measured = ("warm", "floor", "× floor", "GFLOP", "GFLOP/s", "best", "share", "peak MiB")
    table = narrow_table("size", "dtype", *measured, title="the cascade in ms, model warm, style known")
    for row in rows:
        table.add_row(
            f"{row.size}²",
            row.dtype,
            f"{1e3 * row.seconds['warm']:.1f}",
            f"{1e3 * sum(row.floor.values()):.1f}",
            f"{row.over_floor:.2f}",
            f"{row.gflop:.1f}",
            f"{row.gflops:.0f}",
            f"{row.machine.flops / 1e9:.0f}",
            f"{row.share:.0%}",
            str(row.peak_mib),
        )
    return table


def library_table(rows: "Sequence[TransferRow]") -> "Table":
    """Return the table of the cascade's time in the command's process and in a plain Python process."""
    table = narrow_table("size", "dtype", "command", "library", "ratio", title="the same in Python, ms")
    for row in rows:
        warm = row.seconds["warm"]
        seconds = (f"{1e3 * warm:.1f}", f"{1e3 * row.library:.1f}", f"{row.library / warm:.2f}")
        table.add_row(f"{row.size}²", row.dtype, *seconds)
    return table


def operators_table(row: "TransferRow") -> "Table":
    """Return the table of a row's slowest operators."""
    table = narrow_table("operator", "calls", "ms", "share", title=f"operators, {row.size}² {row.dtype}, warm")
    for operator in row.operators:
        table.add_row(operator.name, str(operator.calls), f"{1e3 * operator.seconds:.2f}", f"{operator.share:.1%}")
    return table


def narrow_table(*columns: str, title: str) -> "Table":
    """Return an empty table whose columns fit into eighty characters."""
    from rich import box
    from rich.table import Table

    return Table(*columns, title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)


def draw(rows: "Sequence[TransferRow]", path: Path) -> None:
    """Plot the stages of each row as a stacked bar, those of the cascade first, and its floor as a line."""
    from matplotlib.figure import Figure

    outside = ("load", "style", "save")
    stages = [name for name in rows[0].seconds if name not in (*outside, "warm")]
    scale, places = [row.size**2 / 1e6 for row in rows], range(len(rows))
    figure = Figure(figsize=(1.6 * len(rows) + 3, 4), layout="constrained")
    axes, bottom = figure.subplots(), [0.0] * len(rows)
    for name in (*stages, *outside):
        heights = [row.seconds[name] / pixels for row, pixels in zip(rows, scale, strict=True)]
        axes.bar(places, heights, 0.6, bottom, label=name)
        bottom = [below + height for below, height in zip(bottom, heights, strict=True)]
    floors = [sum(row.floor.values()) / pixels for row, pixels in zip(rows, scale, strict=True)]
    axes.hlines(
        floors, [x - 0.4 for x in places], [x + 0.4 for x in places], colors="black", label="floor of the cascade"
    )
    axes.set_xticks(places, [f"{row.size}²\n{row.dtype}" for row in rows])
    axes.set(ylabel="seconds a megapixel", title=rows[0].device)
    figure.legend(loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=150)
