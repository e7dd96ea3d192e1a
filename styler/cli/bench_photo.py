"""`styler bench photo`: color transfer that leaves edges alone, compared with other methods."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from styler.cli.help_pages import examples
from styler.cli.markdown_table import header, line
from styler.cli.option_values import parse_peers
from styler.cli.options import DeviceOption, DTypeOption, ModelOption, PeersOption, RowsAsJsonOption
from styler.process import reduce_thread_spinning

EXAMPLES = examples(
    "styler bench photo photos paintings", "styler bench photo photos paintings --pairs 40 --megapixels 24,100"
)
SCORE_COLUMNS = ("method", "edge SSIM", "color_left", "gradient ratio")
COST_COLUMNS = ("method", "megapixels", "seconds", "peak MiB")


def bench_photo(
    contents: Annotated[Path, typer.Argument(help="Folder of photographs.", show_default=False)],
    styles: Annotated[Path, typer.Argument(help="Folder of style pictures.", show_default=False)],
    pairs: Annotated[
        int, typer.Option(min=1, help="Pairs of a photograph and a style.", rich_help_panel="Measurement")
    ] = 12,
    size: Annotated[int, typer.Option(min=1, help="Side of the squares, in pixels.", rich_help_panel="Size")] = 512,
    megapixels: Annotated[
        str | None,
        typer.Option(
            help="Also measure seconds and memory at these sizes, e.g. 24,100.",
            show_default="none",
            rich_help_panel="Size",
        ),
    ] = None,
    peers: PeersOption = None,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    as_json: RowsAsJsonOption = False,
) -> None:
    """Compare styler photo with RGB transport, histogram matching and Reinhard's transfer."""
    reduce_thread_spinning()
    from styler.benchmarks.photo.rows import cost_rows, score_rows
    from styler.benchmarks.quality.pairs import balanced_pairs, held_out_pictures, write_squares
    from styler.benchmarks.quality.tools import OtherTool
    from styler.transfer.stylizer import Stylizer

    sizes, others = parse_megapixels(megapixels), [OtherTool(*x) for x in parse_peers(peers or []).items()]
    with tempfile.TemporaryDirectory() as folder:
        squares = [
            write_squares(held_out_pictures(path, pairs), Path(folder, name), size)
            for path, name in ((contents, "contents"), (styles, "styles"))
        ]
        chosen = balanced_pairs(*squares, pairs)
        scores = list(
            score_rows(chosen, Stylizer(model, device=device, dtype=dtype), tools=others, folder=Path(folder))
        )
        costs = list(cost_rows(chosen[0], sizes, model=model, device=device))
    if as_json:
        for row in [*scores, *costs]:
            typer.echo(json.dumps(asdict(row)))
        return
    lines = [line([row.method, *(f"{x:.3f}" for x in list(asdict(row).values())[1:])]) for row in scores]
    typer.echo("\n".join([*header(SCORE_COLUMNS), *lines]))
    if costs:
        lines = [line([x.method, f"{x.megapixels:g}", f"{x.seconds:.2f}", str(x.peak_mib or "")]) for x in costs]
        typer.echo("\n".join(["", *header(COST_COLUMNS), *lines]))


def parse_megapixels(text: str | None) -> list[float]:
    """Return the sizes in a comma-separated list."""
    try:
        sizes = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        sizes = [0.0]
    if not all(0 < size <= 1000 for size in sizes):
        raise typer.BadParameter(f"--megapixels: expected numbers such as 24,100, up to 1000, got {text!r}")
    return sizes
