"""`styler bench quality`: how good the pictures are, beside the controls and other tools, judged by networks."""

import json
import shlex
import tempfile
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styler.cli.console import stderr
from styler.cli.options import DeviceOption, TransformOption, checked_strength
from styler.cli.plotting import require_matplotlib
from styler.process import reduce_thread_spinning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from styler.benchmarks.quality.fidelity import Fidelity
    from styler.benchmarks.quality.pairs import Pair
    from styler.benchmarks.quality.rows import QualityRow
    from styler.benchmarks.quality.tools import Tool

COLUMNS = ("stylized by", "alpha", "content_left", "style_left", "SSIM", "seconds", "peak MiB")


def bench_quality(
    contents: Annotated[Path, typer.Argument(help="A folder of photographs, or one.", show_default=False)],
    styles: Annotated[Path, typer.Argument(help="A folder of paintings, or one.", show_default=False)],
    judges: Annotated[
        list[str] | None,
        typer.Option("--judge", help="vgg19, a VGG-19 as .safetensors, or any network as .pt2.", show_default="vgg19"),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", help="A shipped model's name, or a .safetensors file.", show_default="auto"),
    ] = None,
    peers: Annotated[
        list[str] | None,
        typer.Option("--peer", metavar="NAME=COMMAND", help="Another tool, with {content}, {style} and {out}."),
    ] = None,
    alphas: Annotated[str, typer.Option(help="Strengths of our models; the plot joins them.")] = "0.25,0.5,0.75,1",
    transform: TransformOption = "transport",
    pictures: Annotated[int, typer.Option(min=1, help="How many of each, of those that training holds out.")] = 6,
    size: Annotated[int, typer.Option(min=32, help="Side of the squares cut from them, in pixels.")] = 512,
    device: DeviceOption = "auto",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Keep the pictures here; other tools' are not made twice.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw content against style, as a .png file.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Write a sheet of pictures, as .jpg or .png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a row instead.")] = False,
) -> None:
    """Judge the pictures of models and of other tools: what is left of the content, how far the style still is.

    content_left is 0 for the content itself and 1 for the style itself, style_left the other way round: lower is
    better, and only both together say something.
    """
    reduce_thread_spinning()
    others = parse_peers(peers or [])
    strengths = parse_strengths(alphas)
    if plot is not None:
        require_matplotlib()
    from styler.benchmarks.quality.fidelity import fidelity_of
    from styler.benchmarks.quality.judges import check_judge
    from styler.benchmarks.quality.pairs import all_pairs, held_out_pictures, write_squares
    from styler.benchmarks.quality.samples import sample_sheet
    from styler.benchmarks.quality.tools import OtherTool, OurModel
    from styler.images import writable_format

    for path in (path for path in (plot, sheet) if path is not None):
        writable_format(path, overwrite=True)  # before hours of work, not after
    for judge in judges or []:
        check_judge(judge)
    names = models or ["auto"]
    ours = [OurModel(name, alpha, transform, device) for name in names for alpha in strengths]
    tools: list[Tool] = [*ours, *(OtherTool(name, command) for name, command in others.items())]
    with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder:
        place = Path(folder)
        pairs = all_pairs(
            *(write_squares(held_out_pictures(path, pictures), place / "squares", size) for path in (contents, styles))
        )
        rows = judged(judges or ["vgg19"], pairs, tools, place)
        fidelities = [fidelity_of(name, pairs, device=device) for name in names]
        if sheet is not None:
            sample_sheet(pairs, tools, place).save(sheet, overwrite=True)
    if plot is not None:
        from styler.benchmarks.quality.plot import plot_quality

        plot_quality(rows, plot)
    if as_json:
        for row in (*rows, *fidelities):
            typer.echo(json.dumps(asdict(row)))
    else:
        typer.echo("\n".join(tables(rows, fidelities)))


def judged(
    judges: "Sequence[str]", pairs: "Sequence[Pair]", tools: "Sequence[Tool]", place: Path
) -> "list[QualityRow]":
    """Return the rows of the table, all pictures made below `place`, and say what is being done."""
    from styler.benchmarks.quality.judges import load_judge
    from styler.benchmarks.quality.rows import quality_rows
    from styler.benchmarks.quality.tools import run_tools
    from styler.process import keep_freed_memory

    costs, rows = [], []
    for tool, cost in zip(tools, run_tools(tools, pairs, place), strict=True):
        stderr.print(f"{tool.name} at {tool.alpha:g}: {len(pairs)} pictures", highlight=False)
        costs.append(cost)
    # Only now, for what a tool holds in memory is reported together with what this process held as it started.
    keep_freed_memory()
    loaded = [load_judge(judge) for judge in judges]
    for row in (row for judge in loaded for row in quality_rows(judge, pairs, tools, costs, place)):
        stderr.print(f"{row.judge}: {row.name} at {row.alpha:g}", highlight=False)
        rows.append(row)
    return rows


def tables(rows: "Sequence[QualityRow]", fidelities: "Sequence[Fidelity]") -> "Iterator[str]":
    """Yield the lines of the tables, in Markdown."""
    for judge in dict.fromkeys(row.judge for row in rows):
        yield from ("", f"Judge: {judge}", "", *header(COLUMNS))
        yield from (line(cells(row)) for row in rows if row.judge == judge)
    levels = list(fidelities[0].psnr)
    yield from ("", *header(["reconstruction through", *levels, "half precision off by"]))
    for one in fidelities:
        yield line([one.model, *(f"{one.psnr[x]:.1f} dB" for x in levels), f"{one.rounding:.2f}/255 ({one.dtype})"])


def header(names: "Sequence[str]") -> list[str]:
    """Return the first two lines of a table."""
    return [line(names), line(["---"] * len(names))]


def line(cells: "Sequence[str]") -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"


def cells(row: "QualityRow") -> list[str]:
    """Return a row of the table."""
    cost = ["", ""] if row.cost is None else [f"{row.cost.seconds:.3f}", str(row.cost.peak_mib or "")]
    return [row.name, f"{row.alpha:g}", f"{row.content_left:.3f}", f"{row.style_left:.3f}", f"{row.ssim:.3f}", *cost]


def parse_strengths(text: str) -> list[float]:
    """Return the strengths in a comma-separated list."""
    try:
        return [checked_strength(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--alphas: expected strengths such as 0.5,1, got {text!r}") from None


def parse_peers(texts: list[str]) -> dict[str, str]:
    """Return command lines by name."""
    for text in texts:
        name, _, command = text.partition("=")
        try:
            filled = [word.format(content="", style="", out="") for word in shlex.split(command)]
        except (ValueError, LookupError):  # a quote that stays open, other names in braces
            filled = []
        if not name or not filled or "{out}" not in command:
            expected = "NAME=COMMAND with {content}, {style} and {out} in the command"
            raise typer.BadParameter(f"--peer: expected {expected}, got {text!r}")
    return dict(text.split("=", 1) for text in texts)
