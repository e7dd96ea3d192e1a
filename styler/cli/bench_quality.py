"""`styler bench quality`: content and style distances of our pictures and other tools', measured by networks."""

import json
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styler.cli.console import stderr
from styler.cli.help_pages import examples
from styler.cli.markdown_table import header, line
from styler.cli.option_values import check_refinement, parse_peers, parse_strength
from styler.cli.options import (
    DeviceOption,
    PeersOption,
    RefineOption,
    RefineWithOption,
    RowsAsJsonOption,
    TransformOption,
)
from styler.cli.plotting import require_matplotlib
from styler.process import reduce_thread_spinning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from styler.benchmarks.quality.faces import Face
    from styler.benchmarks.quality.fidelity import Fidelity
    from styler.benchmarks.quality.pairs import Pair
    from styler.benchmarks.quality.rows import QualityRow
    from styler.benchmarks.quality.steadiness import Steadiness
    from styler.benchmarks.quality.tools import Tool

COLUMNS = (
    *("stylized by", "alpha", "content_left", "style_left", "SSIM"),
    *("flat_left", "face_left", "Fréchet", "grid", "seconds", "peak MiB"),
)

EXAMPLES = examples(
    "styler bench quality photos paintings --judge vgg19",
    "styler bench quality photos paintings --model small --model base --sheet sheet.jpg",
)


def bench_quality(
    contents: Annotated[Path, typer.Argument(help="Folder of photographs, or one photograph.", show_default=False)],
    styles: Annotated[Path, typer.Argument(help="Folder of paintings, or one painting.", show_default=False)],
    judges: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            help="Network that measures distances: vgg19, a VGG-19 as .safetensors, or any as .pt2. Repeatable.",
            show_default="vgg19",
            rich_help_panel="Measurement",
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="Name of a shipped model, or a .safetensors file. Repeatable.",
            show_default="auto",
            rich_help_panel="Style",
        ),
    ] = None,
    peers: PeersOption = None,
    alphas: Annotated[
        str, typer.Option(help="Style strengths of our models, 0 to 1.", rich_help_panel="Style")
    ] = "0.25,0.5,0.75,1",
    transform: TransformOption = "transport",
    refine: RefineOption = 0,
    refine_with: RefineWithOption = None,
    pictures: Annotated[
        int,
        typer.Option(
            min=1,
            help="Number of contents and of styles, from those held out in training.",
            rich_help_panel="Measurement",
        ),
    ] = 6,
    pairs: Annotated[
        str | None,
        typer.Option(
            metavar="all|N",
            help="Take all pictures of both folders, and all pairs of them or N: always the same, and balanced.",
            rich_help_panel="Measurement",
        ),
    ] = None,
    faces: Annotated[
        Path | None,
        typer.Option(
            help="CSV file of the faces in the contents: picture,left,top,right,bottom, as shares of the square.",
            rich_help_panel="Measurement",
        ),
    ] = None,
    shift: Annotated[
        bool,
        typer.Option(
            "--shift",
            help="Also measure how much results change when contents are shifted by 1, 4 and 8 pixels, or noisy.",
            rich_help_panel="Measurement",
        ),
    ] = False,
    size: Annotated[
        int, typer.Option(min=32, help="Side of the square crops, in pixels.", rich_help_panel="Size")
    ] = 512,
    device: DeviceOption = "auto",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder in which the pictures are kept; other tools' are reused.",
            rich_help_panel="Output",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Plot content against style to this .png file.", rich_help_panel="Output")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Write a contact sheet to this .jpg or .png file.", rich_help_panel="Output"),
    ] = None,
    as_json: RowsAsJsonOption = False,
) -> None:
    """Measure the distance of stylized pictures to their content and style.

    content_left is 0 for the content picture and 1 for the style picture, style_left is 0 for the style picture and
    1 for the content picture. Lower is better; read both together.
    """
    reduce_thread_spinning()
    num_pairs = parse_pairs(pairs)
    others = parse_peers(peers or [])
    strengths = parse_strengths(alphas)
    check_refinement(refine, refine_with)
    if plot is not None:
        require_matplotlib()
    from styler.benchmarks.quality.faces import read_faces
    from styler.benchmarks.quality.fidelity import fidelity_of
    from styler.benchmarks.quality.judges import check_judge
    from styler.benchmarks.quality.pairs import (
        all_pairs,
        all_pictures,
        balanced_pairs,
        held_out_pictures,
        write_squares,
    )
    from styler.benchmarks.quality.samples import sample_sheet
    from styler.benchmarks.quality.tools import OtherTool, OurModel
    from styler.images import writable_format

    for path in (path for path in (plot, sheet) if path is not None):
        writable_format(path, overwrite=True)  # fail before hours of work, not after
    for judge in judges or []:
        check_judge(judge)
    boxes = {} if faces is None else read_faces(faces)
    names = models or ["auto"]
    ours = [OurModel(name, alpha, transform, device) for name in names for alpha in strengths]
    refined = [replace(one, refine=refine, refine_with=refine_with) for one in ours if refine]
    tools: list[Tool] = [*ours, *refined, *(OtherTool(name, command) for name, command in others.items())]
    with tempfile.TemporaryDirectory() if out is None else nullcontext(out) as folder:
        pictures_folder = Path(folder)
        squares = [
            write_squares(
                held_out_pictures(path, pictures) if num_pairs is None else all_pictures(path),
                pictures_folder / "squares",
                size,
            )
            for path in (contents, styles)
        ]
        chosen = all_pairs(*squares) if num_pairs is None else balanced_pairs(*squares, num_pairs)
        rows = measured_rows(judges or ["vgg19"], chosen, tools, pictures_folder, boxes)
        fidelities = [fidelity_of(name, chosen, device=device) for name in names]
        steady = [one for name in names for one in measured_steadiness(name, chosen, device)] if shift else []
        if sheet is not None:
            sample_sheet(chosen, tools, pictures_folder).save(sheet, overwrite=True)
    if plot is not None:
        from styler.benchmarks.quality.plot import plot_quality

        plot_quality(rows, plot)
    if as_json:
        for row in (*rows, *fidelities, *steady):
            typer.echo(json.dumps(asdict(row)))
    else:
        typer.echo("\n".join([*tables(rows, fidelities), *steadiness_table(steady)]))


def measured_rows(
    judges: "Sequence[str]",
    pairs: "Sequence[Pair]",
    tools: "Sequence[Tool]",
    folder: Path,
    faces: "Mapping[str, Sequence[Face]]",
) -> "list[QualityRow]":
    """Return the rows of the table, with all pictures made below `folder`; progress is printed."""
    from styler.benchmarks.quality.judges import load_judge
    from styler.benchmarks.quality.rows import quality_rows
    from styler.benchmarks.quality.tools import run_tools
    from styler.process import keep_freed_memory

    costs, rows = [], []
    for tool, cost in zip(tools, run_tools(tools, pairs, folder), strict=True):
        stderr.print(f"{tool.name} at {tool.alpha:g}: {len(pairs)} pictures", highlight=False)
        costs.append(cost)
    # Only now: the peak memory of another tool includes what this process held when it started that tool.
    keep_freed_memory()
    loaded = [load_judge(judge) for judge in judges]
    for row in (row for judge in loaded for row in quality_rows(judge, pairs, tools, costs, folder, faces=faces)):
        stderr.print(f"{row.judge}: {row.name} at {row.alpha:g}", highlight=False)
        rows.append(row)
    return rows


def measured_steadiness(model: str, pairs: "Sequence[Pair]", device: str) -> "Iterator[Steadiness]":
    """Yield the steadiness of a model on each pair, in float32."""
    from styler.benchmarks.quality.steadiness import steadiness_of
    from styler.images import Picture
    from styler.transfer.stylizer import Stylizer

    stylizer = Stylizer(model, device=device, dtype="float32")
    for pair in pairs:
        content, style = Picture.open(pair.content).image, Picture.open(pair.style).image
        names = (pair.content.stem.rsplit("-", 2)[0], pair.style.stem.rsplit("-", 2)[0])
        yield steadiness_of(stylizer, content, style, names=names)


def tables(rows: "Sequence[QualityRow]", fidelities: "Sequence[Fidelity]") -> "Iterator[str]":
    """Yield the lines of the tables, in Markdown."""
    for judge in dict.fromkeys(row.judge for row in rows):
        yield from ("", f"Judge: {judge}", "", *header(COLUMNS))
        yield from (line(cells(row)) for row in rows if row.judge == judge)
    levels = list(fidelities[0].psnr)
    yield from ("", *header(["reconstruction through", *levels, "half precision off by"]))
    for one in fidelities:
        yield line([one.model, *(f"{one.psnr[x]:.1f} dB" for x in levels), f"{one.rounding:.2f}/255 ({one.dtype})"])


def cells(row: "QualityRow") -> list[str]:
    """Return the cells of a row."""
    cost = ["", ""] if row.cost is None else [f"{row.cost.seconds:.3f}", str(row.cost.peak_mib or "")]
    scores = (row.content_left, row.style_left, row.ssim, row.flat_left, row.face_left, row.frechet, row.grid)
    return [row.name, f"{row.alpha:g}", *("" if score is None else f"{score:.3f}" for score in scores), *cost]


def steadiness_table(rows: "Sequence[Steadiness]") -> "Iterator[str]":
    """Yield the lines of the table of steadiness, in Markdown; nothing without rows."""
    if not rows:
        return
    yield from ("", *header(["steadiness", "content", "style", *(f"{x} px" for x in rows[0].shift), "noise"]))
    for one in rows:
        shifts = (f"{error:.3f}" for error in one.shift.values())
        yield line([one.model, one.content, one.style, *shifts, f"× {one.noise_gain:.2f}"])


def parse_pairs(text: str | None) -> int | None:
    """Return the number of pairs; very many for all of them."""
    if text is None:
        return None
    if text == "all":
        return sys.maxsize
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"--pairs: expected all, or a number from 1, got {text!r}")
    return int(text)


def parse_strengths(text: str) -> list[float]:
    """Return the style strengths in a comma-separated list."""
    try:
        return [parse_strength(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--alphas: expected strengths such as 0.5,1, got {text!r}") from None
