"""`styler bench transfer`: a transfer's time, stage by stage, beside what the machine at hand can do."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from styler.cli.console import stderr, stdout
from styler.cli.options import DeviceOption, ModelOption, parse_numbers
from styler.cli.plotting import require_matplotlib
from styler.process import reduce_thread_spinning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from styler.benchmarks.cold_start import ColdStart
    from styler.benchmarks.transfer_stages import TransferRow


def bench_transfer(
    content: Annotated[Path | None, typer.Argument(help="A photograph.", show_default="smooth noise")] = None,
    style: Annotated[Path | None, typer.Argument(help="A picture with a style.", show_default="smooth noise")] = None,
    sizes: Annotated[str, typer.Option(help="Sides of the squares, in pixels.")] = "512,1024",
    dtypes: Annotated[str, typer.Option(help="Precisions of the networks.")] = "auto,float32",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    repeats: Annotated[int, typer.Option(min=1, help="Runs after the first; medians are shown.")] = 5,
    cold: Annotated[int, typer.Option(min=0, help="Rounds of whole processes, at the first size; 0 for none.")] = 7,
    profile: Annotated[bool, typer.Option("--profile", help="Show the operators that take the most time.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the stages above the floor, as a .png file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a row instead.")] = False,
) -> None:
    """Time a transfer from file to file, a warm model against the machine's floor, and a cold process."""
    reduce_thread_spinning()
    if profile:
        os.environ.setdefault("KINETO_LOG_LEVEL", "5")  # else it announces GPUs that are not there
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
            say(row, as_json=as_json)
        if cold:
            options = ["--model", model, "--device", device, "--dtype", precisions[0]]
            started = cold_start(contents[sides[0]], styles[sides[0]], options=options, rounds=cold)
            if as_json:
                typer.echo(json.dumps({"size": sides[0], **asdict(started), "ratio": started.ratio}))
    if not as_json:
        show(rows, started, sides[0])
    if plot is not None:
        draw(rows, plot)
        stderr.print(f"drew {plot}", highlight=False)


def say(row: "TransferRow", *, as_json: bool) -> None:
    """Print a row at once: as JSON, or as a sign of life."""
    if as_json:
        typer.echo(json.dumps(asdict(row) | {"share": row.share, "over_floor": row.over_floor}))
    else:
        stderr.print(f"{row.size} {row.dtype}: {row.seconds['warm']:.3f} s", highlight=False)


def show(rows: "Sequence[TransferRow]", started: "ColdStart | None", size: int) -> None:
    """Print the tables, and the cold start."""
    import torch

    stdout.print(f"{rows[0].device}, torch {torch.__version__}, {torch.get_num_threads()} threads", highlight=False)
    stdout.print(stages_table(rows))
    stdout.print(floor_table(rows))
    for row in rows:
        if row.operators:
            stdout.print(operators_table(row))
    if started is not None:
        words = (
            f"cold, {size}²: {started.transfer:.2f} s, import torch {started.torch:.2f} s, ratio {started.ratio:.2f}"
        )
        stdout.print(words, highlight=False)


def stages_table(rows: "Sequence[TransferRow]") -> "Table":
    """Return the table of times by stage."""
    stages = [name for name in rows[0].seconds if name != "warm"]
    table = narrow_table("size", "dtype", *stages, title="from file to file, ms by stage")
    for row in rows:
        table.add_row(f"{row.size}²", row.dtype, *(f"{1e3 * row.seconds[name]:.1f}" for name in stages))
    return table


def floor_table(rows: "Sequence[TransferRow]") -> "Table":
    """Return the table of the cascade's time against the machine's."""
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
    """Draw the stages of each row as a bar, those of the cascade first, and its floor as a line across them."""
    from matplotlib.figure import Figure

    around = ("load", "style", "save")
    stages = [name for name in rows[0].seconds if name not in (*around, "warm")]
    scale, places = [row.size**2 / 1e6 for row in rows], range(len(rows))
    figure = Figure(figsize=(1.6 * len(rows) + 3, 4), layout="constrained")
    axes, bottom = figure.subplots(), [0.0] * len(rows)
    for name in (*stages, *around):
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
