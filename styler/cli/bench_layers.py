"""`styler bench layers`: accuracy and speed of the covariance layers on this machine."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from styler.cli.console import stderr, stdout
from styler.cli.help_pages import examples
from styler.cli.options import DeviceOption, RowsAsJsonOption

if TYPE_CHECKING:
    from rich.table import Table

    from styler.benchmarks.layers.accuracy import AccuracyRow
    from styler.benchmarks.layers.speed import SpeedRow

EXAMPLES = examples("styler bench layers", "styler bench layers --layers WhiteningColoring2d --seeds 1 --steps 100")


def bench_layers(
    layers: Annotated[
        str | None,
        typer.Option(
            help="Layers to test, e.g. CovariancePool2d,SecondOrderHead.",
            show_default="all",
            rich_help_panel="Measurement",
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of trainings of each network.", rich_help_panel="Measurement")
    ] = 3,
    by_root: Annotated[
        bool,
        typer.Option(
            "--roots",
            help="Compare the papers' root algorithms in each layer instead of the layer with its plain counterpart.",
            rich_help_panel="Measurement",
        ),
    ] = False,
    switch: Annotated[
        str | None,
        typer.Option(
            help="Train only HybridMethod, switching after these of ten epochs, e.g. 0,5,10.",
            show_default=False,
            rich_help_panel="Measurement",
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=4, help="Steps per training, batch size 32.", rich_help_panel="Measurement")
    ] = 300,
    repeats: Annotated[
        int,
        typer.Option(min=1, help="Timed runs, after one warm-up; the median is shown.", rich_help_panel="Measurement"),
    ] = 5,
    device: DeviceOption = "auto",
    as_json: RowsAsJsonOption = False,
) -> None:
    """Train small networks with the covariance layers and with plain ones, then time the layers."""
    import torch

    from styler.benchmarks.layers.accuracy import accuracy_rows
    from styler.benchmarks.layers.roots import ROOTS, parts_by_root, parts_by_switch
    from styler.benchmarks.layers.speed import speed_rows
    from styler.benchmarks.layers.tasks import TASKS
    from styler.model.device import find_device

    if by_root and switch:
        raise typer.BadParameter("expected --roots or --switch, got both")
    names = ["HybridMethod"] if switch else layers.split(",") if layers else list(TASKS)
    for name in names:
        if name not in TASKS:
            raise typer.BadParameter(f"--layers: {name!r} is not one of {', '.join(TASKS)}")
    chosen = find_device(device)
    parts = {"HybridMethod": parts_by_switch(parse_epochs(switch))} if switch else None
    if by_root:
        parts = {name: parts_by_root(name) for name in names}
    accuracies, times = [], []
    for row in accuracy_rows(names, device=chosen, seeds=seeds, steps=steps, parts=parts):
        accuracies.append(row)
        stderr.print(f"{row.layer}, {row.part}: {100 * row.summary[0]:.1f} %", highlight=False)
        if as_json:
            typer.echo(json.dumps(asdict(row)))
    for row in speed_rows(names, device=chosen, repeats=repeats, roots=ROOTS if by_root else None):
        times.append(row)
        if as_json:
            typer.echo(json.dumps(asdict(row)))
    if not as_json:
        stdout.print(f"{chosen}, torch {torch.__version__}, {torch.get_num_threads()} threads")
        stdout.print(accuracy_table(accuracies))
        if times:
            stdout.print(speed_table(times))


def parse_epochs(text: str) -> list[int]:
    """Return the epochs in a comma-separated list."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise typer.BadParameter(f"--switch: expected epochs such as 0,5,10, got {text!r}")
    return [int(part) for part in parts]


def accuracy_table(rows: "list[AccuracyRow]") -> "Table":
    """Return the table of trainings, two lines per layer."""
    from rich import box
    from rich.table import Table

    title = f"test accuracy, mean of {len(rows[0].accuracy)} seeds (least to largest), and seconds of training"
    table = Table("layer", "part", "accuracy %", "seconds", title=title, box=box.SIMPLE_HEAD)
    for row in rows:
        mean, least, largest, seconds = row.summary
        table.add_row(
            row.layer, row.part, f"{100 * mean:.1f} ({100 * least:.1f}–{100 * largest:.1f})", f"{seconds:.2f}"
        )
    return table


def speed_table(rows: "list[SpeedRow]") -> "Table":
    """Return the table of times, one line per layer, one column per method."""
    from rich import box
    from rich.table import Table

    methods = list(dict.fromkeys(row.method for row in rows))
    table = Table("layer", "matrices", *methods, title="forward + backward, ms, float32", box=box.SIMPLE_HEAD)
    for layer, matrices in dict.fromkeys((row.layer, row.matrices) for row in rows):
        cells = [f"{row.forward_ms:.1f} + {row.backward_ms:.1f}" for row in rows if row.layer == layer]
        table.add_row(layer, matrices, *cells)
    return table
