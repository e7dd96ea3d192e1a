"""`styler bench sqrt`: the papers' comparison of matrix square roots, on this machine."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from styler.cli.bench_sqrt_choices import print_choices
from styler.cli.bench_sqrt_options import chosen_roots, covariances_of, parse_sizes, random_matrices
from styler.cli.bench_sqrt_plot import draw
from styler.cli.console import stderr, stdout
from styler.cli.help_pages import examples
from styler.cli.option_values import parse_counts
from styler.cli.options import DeviceOption, ModelOption, RowsAsJsonOption
from styler.cli.plotting import require_matplotlib

if TYPE_CHECKING:
    from styler.benchmarks.sqrt.rows import RootRow

COLUMNS = ("root by", "fwd ms", "bwd ms", "both", "error", "gradient", "products")

EXAMPLES = examples(
    "styler bench sqrt --sizes 64x48,1x512 --from photo.jpg",
    "styler bench sqrt --inverse --kappa 1e2,1e4 --sizes 8x64",
)


def bench_sqrt(
    sizes: Annotated[
        str | None,
        typer.Option(
            help="Batch and matrix sizes, e.g. 64x48,1x512.",
            show_default="the papers'",
            rich_help_panel="Measurement",
        ),
    ] = None,
    sweep: Annotated[
        Literal["batch", "size"] | None,
        typer.Option(help="Test a range of batch or matrix sizes instead of --sizes.", rich_help_panel="Measurement"),
    ] = None,
    kappa: Annotated[
        str | None,
        typer.Option(
            help="Condition numbers of the random matrices, e.g. 1e2,1e4.",
            show_default="random covariances, near 10",
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
    inverse: Annotated[
        bool, typer.Option("--inverse", help="Compare inverse square roots.", rich_help_panel="Measurement")
    ] = False,
    degree: Annotated[
        str,
        typer.Option(
            help="Degrees of the published Padé approximants, e.g. 3,5; Taylor polynomials have twice the degree.",
            rich_help_panel="Measurement",
        ),
    ] = "5",
    steps: Annotated[
        str | None,
        typer.Option(
            help="Numbers of steps of the published Lyapunov and Newton–Schulz iterations, e.g. 4,8.",
            show_default="the papers': 8 and 5",
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
    choices: Annotated[
        bool,
        typer.Option(
            "--choices", help="Print the best method by batch and size on this device.", rich_help_panel="Output"
        ),
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Plot time against error to this .png file.", rich_help_panel="Output")
    ] = None,
    as_json: RowsAsJsonOption = False,
) -> None:
    """Measure time and error of matrix square roots: ours, and the papers' as published."""
    if sizes and sweep:
        raise typer.BadParameter("expected --sizes or --sweep, got both")
    import torch

    from styler.benchmarks.sqrt.implementations import implementations
    from styler.benchmarks.sqrt.rows import benchmark_rows
    from styler.model.device import find_device

    chosen = find_device(device)
    if choices:
        print_choices(parse_sizes(sizes) if sizes else None, device=chosen, dtype=dtype, repeats=repeats)
        return
    known = implementations(
        inverse=inverse,
        degrees=parse_counts(degree, option="--degree"),
        steps=parse_counts(steps, option="--steps") if steps else (None,),
    )
    wanted = chosen_roots(roots, list(known))
    matrices = random_matrices(sizes, sweep, kappa) | ({} if source is None else covariances_of(source, model))
    if plot is not None:
        require_matplotlib()
    what = "inverse square roots" if inverse else "square roots"
    title = f"matrix {what} on {chosen}, {dtype}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    if not as_json:
        stdout.print(f"{title}; errors are the largest relative errors in a batch, against float64")
    options = {"dtype": getattr(torch, dtype), "repeats": repeats, "roots": known, "names": wanted, "inverse": inverse}
    rows: list[RootRow] = []
    for kind, batch in matrices.items():
        found = list(benchmark_rows({kind: batch}, device=chosen, **options))
        print_rows(kind, found, as_json=as_json)
        rows += found
    if plot is not None:
        draw(rows, plot, title)
        stderr.print(f"wrote {plot}", highlight=False)


def print_rows(kind: str, rows: "list[RootRow]", *, as_json: bool) -> None:
    """Print the rows of a batch as lines of JSON, or as a table."""
    from rich import box
    from rich.table import Table

    if as_json:
        for row in rows:
            typer.echo(json.dumps(asdict(row)))
        return
    table = Table(*COLUMNS, title=kind, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*cells(row))
    stdout.print(table)


def cells(row: "RootRow") -> list[str]:
    """Return the cells of a row."""
    times = (row.forward_ms, row.backward_ms, row.forward_ms + row.backward_ms)
    errors = (f"{error:.1e}" for error in (row.error, row.gradient_error))
    return [row.name, *(f"{ms:.3f}" for ms in times), *errors, str(row.cost)]
