"""`styler bench sqrt`: the papers' comparison of matrix square roots, on the machine at hand."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from styler.cli.bench_sqrt_choices import print_choices
from styler.cli.bench_sqrt_options import chosen_roots, covariances_of, parse_counts, parse_sizes, random_matrices
from styler.cli.bench_sqrt_plot import draw
from styler.cli.console import stderr, stdout
from styler.cli.options import DeviceOption, ModelOption
from styler.cli.plotting import require_matplotlib

if TYPE_CHECKING:
    from styler.benchmarks.sqrt.rows import Row

COLUMNS = ("root by", "fwd ms", "bwd ms", "both", "error", "gradient", "products")


def bench_sqrt(
    sizes: Annotated[
        str | None, typer.Option(help="Batches and sizes, such as 64x48,1x512; default: the papers'.")
    ] = None,
    sweep: Annotated[
        Literal["batch", "size"] | None, typer.Option(help="Let the batch or the size grow, in place of --sizes.")
    ] = None,
    kappa: Annotated[
        str | None, typer.Option(help="Condition numbers, such as 1e2,1e4; default: random covariances, near 10.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="A photograph whose covariances, level by level, are solved too.")
    ] = None,
    inverse: Annotated[bool, typer.Option("--inverse", help="Compare inverse square roots.")] = False,
    degree: Annotated[
        str, typer.Option(help="Degrees of the published Padé approximants, and half those of the Taylor polynomials.")
    ] = "5",
    steps: Annotated[
        str | None,
        typer.Option(help="Published Lyapunov and Newton–Schulz steps.", show_default="the papers': 8 and 5"),
    ] = None,
    roots: Annotated[str | None, typer.Option(help="Which roots, such as auto,published mpa; default: all.")] = None,
    dtype: Annotated[Literal["float32", "float64"], typer.Option(help="Precision.")] = "float32",
    device: DeviceOption = "auto",
    model: ModelOption = "auto",
    repeats: Annotated[
        int, typer.Option(min=1, help="Timed runs, each after one that is not; medians are shown.")
    ] = 20,
    choices: Annotated[
        bool, typer.Option("--choices", help="Print which method auto should take on this device, as Python.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the comparison, as a .png file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a row instead.")] = False,
) -> None:
    """Time and check matrix square roots: ours, and those of the papers as published."""
    if sizes and sweep:
        raise typer.BadParameter("expected --sizes or --sweep, got both")
    import torch

    from styler.benchmarks.sqrt.implementations import implementations
    from styler.benchmarks.sqrt.rows import benchmark_rows
    from styler.device import find_device

    place = find_device(device)
    if choices:
        print_choices(parse_sizes(sizes) if sizes else None, device=place, dtype=dtype, repeats=repeats)
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
    title = f"matrix {what} on {place}, {dtype}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    if not as_json:
        stdout.print(f"{title}; errors: the largest of a batch, relative, against float64")
    options = {"dtype": getattr(torch, dtype), "repeats": repeats, "roots": known, "names": wanted, "inverse": inverse}
    rows: list[Row] = []
    for kind, batch in matrices.items():
        found = list(benchmark_rows({kind: batch}, device=place, **options))
        print_rows(kind, found, as_json=as_json)
        rows += found
    if plot is not None:
        draw(rows, plot, title)
        stderr.print(f"drew {plot}", highlight=False)


def print_rows(kind: str, rows: "list[Row]", *, as_json: bool) -> None:
    """Print a batch's rows: as lines of JSON, or as a table."""
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


def cells(row: "Row") -> list[str]:
    """Return a row of the table."""
    times = (row.forward_ms, row.backward_ms, row.forward_ms + row.backward_ms)
    errors = (f"{error:.1e}" for error in (row.error, row.gradient_error))
    return [row.name, *(f"{ms:.3f}" for ms in times), *errors, str(row.cost)]
