"""`styler bench engines`: torch and onnxruntime side by side."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styler.cli.console import stderr, stdout
from styler.cli.help_pages import examples
from styler.cli.markdown_table import header, line
from styler.cli.option_values import parse_numbers
from styler.process import reduce_thread_spinning

if TYPE_CHECKING:
    from styler.export.engine_comparison import EngineRow

EXAMPLES = examples(
    "styler bench engines photos paintings", "styler bench engines photos paintings --sizes 256 --pairs 60 --cold 0"
)


def bench_engines(
    contents: Annotated[Path, typer.Argument(help="Folder of photographs.", show_default=False)],
    styles: Annotated[Path, typer.Argument(help="Folder of style pictures.", show_default=False)],
    sizes: Annotated[
        str, typer.Option(help="Longer sides of all pictures, in pixels.", rich_help_panel="Size")
    ] = "512,1024",
    pairs: Annotated[int, typer.Option(min=1, help="Number of pairs.", rich_help_panel="Measurement")] = 8,
    cold: Annotated[
        int,
        typer.Option(
            min=0,
            help="Timed runs of the whole command, at the first size; 0 skips them.",
            rich_help_panel="Measurement",
        ),
    ] = 3,
    model: Annotated[str, typer.Option("--model", "-m", help="Name of a shipped model.", rich_help_panel="Machine")] = (
        "small"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.", rich_help_panel="Output")] = False,
) -> None:
    """Compare the engines torch, in float32 with exact roots, and onnx: pictures, seconds and memory."""
    reduce_thread_spinning()
    sides = parse_numbers(sizes)
    from styler.batch.folders import sources
    from styler.export.engine_comparison import chosen_pairs, cold_row, warm_row
    from styler.export.graph_cache import cached_graphs
    from styler.export.light_engine import LightEngine
    from styler.model.catalog import find_model
    from styler.transfer.stylizer import Stylizer

    engine = LightEngine(cached_graphs(find_model(model)))
    stylizer = Stylizer(model, device="cpu", dtype="float32")
    given = [
        [source.path for source in sources(folder, name, Path(), recursive=True)]
        for folder, name in ((contents, "contents"), (styles, "styles"))
    ]
    chosen, rows = chosen_pairs(*given, count=pairs), []
    for side in sides:
        rows.append(warm_row(chosen, stylizer, engine, size=side))
        stderr.print(f"{rows[-1].what}: {rows[-1].ratio:.2f}", highlight=False)
    if cold:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(cold_row(*chosen[0], Path(folder) / "out.png", model=model, size=sides[0], rounds=cold))
    if as_json:
        typer.echo(json.dumps({"pairs": pairs, "rows": [asdict(row) | {"ratio": row.ratio} for row in rows]}))
    else:
        stdout.print(comparison_table(rows))


def comparison_table(rows: "Sequence[EngineRow]") -> str:
    """Return the seconds, the ratios, the memory and the differences as a table."""
    names = ["run", "torch s", "onnx s", "onnx / torch", "torch MiB", "onnx MiB", "largest difference", "mean"]
    lines = header(names)
    for row in rows:
        figures = [f"{row.torch_seconds:.3f}", f"{row.onnx_seconds:.3f}", f"{row.ratio:.2f}"]
        figures += ["" if x is None else str(x) for x in (row.torch_peak_mib, row.onnx_peak_mib)]
        figures += ["" if x is None else f"{x:.2g}" for x in (row.largest, row.mean)]
        lines.append(line([row.what, *figures]))
    return "\n".join(lines)
