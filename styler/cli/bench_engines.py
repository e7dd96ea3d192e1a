"""`styler bench engines`: torch and onnxruntime side by side."""

import json
import tempfile
from pathlib import Path
from statistics import mean, median
from typing import Annotated

import typer

from styler.cli.console import stdout
from styler.cli.help_pages import examples
from styler.process import reduce_thread_spinning

EXAMPLES = examples("styler bench engines photos paintings", "styler bench engines photos paintings --cold 0")


def bench_engines(
    contents: Annotated[Path, typer.Argument(help="Folder of photographs.", show_default=False)],
    styles: Annotated[Path, typer.Argument(help="Folder of style pictures.", show_default=False)],
    pairs: Annotated[int, typer.Option(min=1, help="Number of pairs.", rich_help_panel="Measurement")] = 20,
    size: Annotated[
        int, typer.Option(min=1, help="Longer side of all pictures, in pixels.", rich_help_panel="Size")
    ] = 512,
    cold: Annotated[
        int, typer.Option(min=0, help="Processes of each engine from file to file.", rich_help_panel="Measurement")
    ] = 3,
    model: Annotated[str, typer.Option("--model", "-m", help="Name of a shipped model.", rich_help_panel="Machine")] = (
        "small"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.", rich_help_panel="Output")] = False,
) -> None:
    """Compare the engines torch, in float32 with exact roots, and onnx: pictures, seconds and memory."""
    reduce_thread_spinning()
    from styler.batch.folders import sources
    from styler.export.engine_comparison import chosen_pairs, cold_run, compared
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
    chosen = chosen_pairs(*given, count=pairs)
    list(compared(chosen[:1], stylizer, engine, size=size))  # warms up
    rows = list(compared(chosen, stylizer, engine, size=size))
    found = {
        "pairs": pairs,
        "size": size,
        "largest": max(row.largest for row in rows),
        "mean": mean(row.mean for row in rows),
        "torch_seconds": median(row.torch_seconds for row in rows),
        "onnx_seconds": median(row.onnx_seconds for row in rows),
        "ratio": median(row.onnx_seconds / row.torch_seconds for row in rows),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name in ("torch", "onnx") if cold else ():
            out = Path(folder) / "out.png"
            runs = [cold_run(*chosen[0], out, engine=name, model=model, size=size) for _ in range(cold)]
            found |= {f"{name}_cold_seconds": median(run.seconds for run in runs)}
            found |= {f"{name}_peak_mib": max(run.peak_mib for run in runs)}
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, value in found.items():
        stdout.print(f"{name.replace('_', ' ')}: {value:.4g}", highlight=False)
