"""`styler bench sqrt`: the papers' comparison of matrix square roots, on this machine."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from styler.cli.console import stderr, stdout
from styler.cli.help_pages import examples
from styler.cli.options import DeviceOption, ModelOption, RowsAsJsonOption
from styler.cli.plotting import require_matplotlib

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from styler.benchmarks.sqrt import RootRow

COLUMNS = ("root by", "fwd ms", "bwd ms", "both ms", "root", "inverse", "gradient")

EXAMPLES = examples("styler bench sqrt", "styler bench sqrt --sizes 64x48,1x512 --from photo.jpg")


def bench_sqrt(
    sizes: Annotated[
        str | None,
        typer.Option(
            help="Batch and matrix sizes, e.g. 64x48,1x512.",
            show_default="the papers'",
            rich_help_panel="Measurement",
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Photograph; the covariances of its features are tested too.",
            rich_help_panel="Measurement",
        ),
    ] = None,
    roots: Annotated[
        str | None,
        typer.Option(
            help="Algorithms to test, e.g. auto,published mpa.", show_default="all", rich_help_panel="Measurement"
        ),
    ] = None,
    dtype: Annotated[
        Literal["float32", "float64"], typer.Option(help="Precision of the matrices.", rich_help_panel="Machine")
    ] = "float32",
    device: DeviceOption = "auto",
    model: ModelOption = "auto",
    repeats: Annotated[
        int,
        typer.Option(min=1, help="Timed runs, after one warm-up; the median is shown.", rich_help_panel="Measurement"),
    ] = 20,
    plot: Annotated[
        Path | None, typer.Option(help="Plot time against error to this .png file.", rich_help_panel="Output")
    ] = None,
    as_json: RowsAsJsonOption = False,
) -> None:
    """Measure time and error of matrix square roots: ours, and the papers' as published."""
    import torch
    from rich import box
    from rich.table import Table

    from styler.benchmarks.sqrt import SIZES, benchmark_rows, implementations, random_covariances
    from styler.model.device import find_device

    wanted = roots.split(",") if roots else None
    for name in wanted or []:
        if name not in implementations():
            raise typer.BadParameter(f"--roots: {name!r} is not one of {', '.join(implementations())}")
    matrices = {f"random {b}x{n}": random_covariances(b, n) for b, n in (parse_sizes(sizes) if sizes else SIZES)}
    if source is not None:
        matrices |= covariances_of(source, model)
    if plot is not None:
        require_matplotlib()
    chosen = find_device(device)
    title = f"matrix square roots on {chosen}, {dtype}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    if not as_json:
        stdout.print(f"{title}; errors are the largest relative errors in a batch, against float64")
    rows = []
    for kind, batch in matrices.items():
        table = Table(*COLUMNS, title=kind, box=box.SIMPLE_HEAD)
        for row in benchmark_rows(
            {kind: batch}, device=chosen, dtype=getattr(torch, dtype), repeats=repeats, names=wanted
        ):
            rows.append(row)
            table.add_row(*cells(row))
            if as_json:
                typer.echo(json.dumps(asdict(row)))
        if not as_json:
            stdout.print(table)
    if plot is not None:
        draw(rows, plot, title)
        stderr.print(f"wrote {plot}", highlight=False)


def parse_sizes(text: str) -> list[tuple[int, int]]:
    """Return batch and matrix sizes from a list such as 64x48,1x512."""
    parts = [part.strip().split("x") for part in text.split(",")]
    if not all(len(part) == 2 and all(number.isdecimal() and int(number) for number in part) for part in parts):
        raise typer.BadParameter(f"--sizes: expected batch and matrix sizes such as 64x48,1x512, got {text!r}")
    return [(int(batch), int(n)) for batch, n in parts]


def covariances_of(source: Path, model: str) -> "dict[str, Tensor]":
    """Return the covariances of a photograph's features by level."""
    from styler.benchmarks.sqrt import feature_covariances
    from styler.images import Picture
    from styler.model.weights import load_model

    covariances = feature_covariances(Picture.open(source).image, load_model(model).encoder)
    return {f"{source.stem} {level}": covariance for level, covariance in covariances.items()}


def cells(row: "RootRow") -> list[str]:
    """Return the cells of a row."""
    times = (row.forward_ms, row.backward_ms, row.forward_ms + row.backward_ms)
    errors = (row.root_error, row.inverse_error, row.gradient_error)
    shown = ["-" if error is None else f"{error:.1e}" for error in errors]
    return [row.name, *(f"{ms:.3f}" for ms in times), *shown]


def draw(rows: "Sequence[RootRow]", path: Path, title: str) -> None:
    """Plot time against error, one panel per batch."""
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys(row.matrices for row in rows))
    figure = Figure(figsize=(4 * len(kinds) + 2, 4), layout="constrained")
    figure.suptitle(title, fontsize=9)
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        axes.set(
            xscale="log", yscale="log", title=kind, xlabel="forward + backward, ms", ylabel="error of the gradient"
        )
        for row in (row for row in rows if row.matrices == kind):
            point = row.forward_ms + row.backward_ms, max(row.gradient_error, 1e-17)
            axes.plot(*point, "s" if "published" in row.name else "o", label=row.name)
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    figure.savefig(path, dpi=150)
