"""`styler bench`: measure the figures of the README and of docs/ on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from styler.cli.batch_options import FormatOption
from styler.cli.bench_engines import EXAMPLES as ENGINES_EXAMPLES
from styler.cli.bench_engines import bench_engines
from styler.cli.bench_gradients import EXAMPLES as GRADIENTS_EXAMPLES
from styler.cli.bench_gradients import bench_gradients
from styler.cli.bench_layers import EXAMPLES as LAYERS_EXAMPLES
from styler.cli.bench_layers import bench_layers
from styler.cli.bench_one_step import EXAMPLES as ONE_STEP_EXAMPLES
from styler.cli.bench_one_step import bench_one_step
from styler.cli.bench_photo import EXAMPLES as PHOTO_EXAMPLES
from styler.cli.bench_photo import bench_photo
from styler.cli.bench_quality import EXAMPLES as QUALITY_EXAMPLES
from styler.cli.bench_quality import bench_quality
from styler.cli.bench_sqrt import EXAMPLES as SQRT_EXAMPLES
from styler.cli.bench_sqrt import bench_sqrt
from styler.cli.bench_transfer import EXAMPLES as TRANSFER_EXAMPLES
from styler.cli.bench_transfer import bench_transfer
from styler.cli.bench_video import EXAMPLES as VIDEO_EXAMPLES
from styler.cli.bench_video import bench_video
from styler.cli.bench_web import EXAMPLES as WEB_EXAMPLES
from styler.cli.bench_web import bench_web
from styler.cli.console import stdout
from styler.cli.help_pages import HelpGroup, HelpPage, examples, make_app
from styler.cli.options import DeviceOption, DTypeOption, ModelOption
from styler.process import reduce_thread_spinning

BATCH_EXAMPLES = examples(
    "styler bench batch photos painting.jpg", "styler bench batch photos painting.jpg --size 1024 --pictures 20"
)

app = make_app(
    cls=HelpGroup,
    no_args_is_help=True,
    help="Measure speed, memory and quality on this machine.",
    epilog=examples("styler bench transfer", "styler bench sqrt"),
)
app.command("sqrt", cls=HelpPage, epilog=SQRT_EXAMPLES)(bench_sqrt)
app.command("gradients", cls=HelpPage, epilog=GRADIENTS_EXAMPLES)(bench_gradients)
app.command("one-step", cls=HelpPage, epilog=ONE_STEP_EXAMPLES)(bench_one_step)
app.command("layers", cls=HelpPage, epilog=LAYERS_EXAMPLES)(bench_layers)
app.command("quality", cls=HelpPage, epilog=QUALITY_EXAMPLES)(bench_quality)
app.command("photo", cls=HelpPage, epilog=PHOTO_EXAMPLES)(bench_photo)
app.command("transfer", cls=HelpPage, epilog=TRANSFER_EXAMPLES)(bench_transfer)
app.command("web", cls=HelpPage, epilog=WEB_EXAMPLES)(bench_web)
app.command("engines", cls=HelpPage, epilog=ENGINES_EXAMPLES)(bench_engines)
app.command("video", cls=HelpPage, epilog=VIDEO_EXAMPLES)(bench_video)


@app.command(cls=HelpPage, epilog=BATCH_EXAMPLES)
def batch(
    contents: Annotated[Path, typer.Argument(help="Folder of photographs.", show_default=False)],
    style: Annotated[Path, typer.Argument(help="Style picture.", show_default=False)],
    size: Annotated[
        int, typer.Option(min=1, help="Longer side of the pictures, in pixels.", rich_help_panel="Size")
    ] = 512,
    pictures: Annotated[
        int, typer.Option(min=1, help="Maximum number of photographs.", rich_help_panel="Measurement")
    ] = 100,
    format: FormatOption = "png",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    repeats: Annotated[
        int, typer.Option(min=1, help="Timed rounds, after one warm-up.", rich_help_panel="Measurement")
    ] = 5,
) -> None:
    """Time a batch with reading and writing, compared with the network alone."""
    reduce_thread_spinning()
    from statistics import median

    from styler.batch.folders import sources
    from styler.benchmarks.batch import batch_rows
    from styler.process import keep_freed_memory
    from styler.transfer.stylizer import Stylizer

    keep_freed_memory()
    stylizer, ratios = Stylizer(model, device=device, dtype=dtype), []
    paths = [source.path for source in sources(contents, "contents", Path(), recursive=True)][:pictures]
    for row in batch_rows(paths, style, stylizer, size=size, format=format, repeats=repeats):
        ratios.append(row.batch / row.network)
        stdout.print(f"{row.pictures} pictures: network {row.network:.2f} s, batch {row.batch:.2f} s, {ratios[-1]:.3f}")
    stdout.print(f"median ratio {median(ratios):.3f}")
