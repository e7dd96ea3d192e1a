"""`styler batch`: many photographs, many styles, on one machine or many."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from styler.choices import MAX_PIXELS, OutputFormat, Pairs
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.options import (
    ColorsOption,
    DeviceOption,
    DTypeOption,
    LevelsOption,
    MaxMemoryOption,
    MaxPixelsOption,
    MetadataOption,
    MethodOption,
    ModelOption,
    QuietOption,
    SizeOption,
    StyleScaleOption,
    StyleSizeOption,
    TileOption,
    TransformOption,
    parse_bytes,
    parse_levels,
    parse_tile,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from styler.batch.ledger import Ledger
    from styler.batch.pictures import BatchStylizer
    from styler.batch.plan import Job
    from styler.batch.shards import Shard
    from styler.cli.batch_output import BatchOutput

SOME_FAILED = 3
"""Exit status."""

EXAMPLES = examples(
    "styler batch photos painting.jpg --out results --size 1024 --format jpg",
    'styler batch photos paintings --out results --name "{style}/{content}" --dry-run',
)

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def batch(
    contents: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONTENTS",
            help="Folder of photographs, one photograph, or a CSV manifest with columns content,style,alpha,out.",
            show_default=False,
        ),
    ] = None,
    styles: Annotated[
        Path | None,
        typer.Argument(
            metavar="STYLES", help="Folder of style pictures, or one; omitted with a manifest.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Output folder.", show_default=False, rich_help_panel="Output"),
    ] = None,
    pairs: Annotated[
        Pairs,
        typer.Option(
            help="Pair every content with every style (all), or pair them in order (zip).", rich_help_panel="Input"
        ),
    ] = "all",
    recursive: Annotated[
        bool,
        typer.Option(
            "--recursive",
            "-r",
            help="Search subfolders too; the output folder gets the same tree.",
            rich_help_panel="Input",
        ),
    ] = False,
    name: Annotated[
        str,
        typer.Option(
            help="Pattern of output names; also {content_type}, {style_type}, {style_folder}, {alpha}.",
            rich_help_panel="Output",
        ),
    ] = "{content}-{style}",
    format: Annotated[OutputFormat, typer.Option(help="Output format.", rich_help_panel="Output")] = "png",
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Style strength, 0 to 1.", rich_help_panel="Style")] = 1.0,
    preserve_color: ColorsOption = "none",
    levels: LevelsOption = None,
    size: SizeOption = None,
    style_size: StyleSizeOption = None,
    style_scale: StyleScaleOption = 1.0,
    transform: TransformOption = "transport",
    method: MethodOption = "auto",
    tile: TileOption = "auto",
    max_memory: MaxMemoryOption = "2G",
    max_pixels: MaxPixelsOption = MAX_PIXELS,
    metadata: MetadataOption = "keep",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace existing files that would differ.", rich_help_panel="Output"),
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Start no new picture after a failure.", rich_help_panel="Run")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="List the outputs and estimate time and memory; write nothing.", rich_help_panel="Run"
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            help="Reader threads, and as many writer threads.",
            show_default="cores",
            rich_help_panel="Run",
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            help="Process part I/N of the pictures, from 1/N to N/N.",
            show_default="from RANK or Slurm's array, or all",
            rich_help_panel="Run",
        ),
    ] = None,
    merge: Annotated[
        Path | None,
        typer.Option(help="Print a summary of all runs in this output folder and exit.", rich_help_panel="Run"),
    ] = None,
    engine: Annotated[
        Literal["threads", "ray"],
        typer.Option(help="Run in this process (threads) or on a Ray cluster (ray).", rich_help_panel="Run"),
    ] = "threads",
    address: Annotated[
        str | None,
        typer.Option(help="Address of the Ray cluster.", show_default="a local one", rich_help_panel="Run"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of Ray actors.", show_default="one per GPU, or per core", rich_help_panel="Run"
        ),
    ] = None,
    quiet: QuietOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON per event.", rich_help_panel="Output")
    ] = False,
) -> None:
    """Stylize many photographs with many styles.

    Finished pictures are skipped, so an interrupted run continues with the same command.
    """
    from styler.cli.batch_output import BatchOutput

    output = BatchOutput(quiet=quiet, as_json=as_json)
    if merge is not None:
        print_report(merge, output)
        return
    if contents is None or out is None:
        raise typer.BadParameter("CONTENTS, STYLES and --out are required (or --merge OUT)")
    from styler.batch.names import Template
    from styler.batch.plan import planned_jobs
    from styler.batch.shards import parse_shard, shard_from_environment

    part = parse_shard(shard) if shard else shard_from_environment(os.environ)
    chosen_levels, template = parse_levels(levels), Template(name, format)
    settings = {
        "preserve_color": preserve_color,
        "levels": chosen_levels,
        "size": size,
        "style_size": style_size,
        "style_scale": style_scale,
        "transform": transform,
        "method": method,
        "tile": parse_tile(tile),
        "max_memory": parse_bytes(max_memory),
    }
    with output.passed_over_printed():
        plan = planned_jobs(contents, styles, out, pairs=pairs, recursive=recursive, template=template, alpha=alpha)
    part_jobs = part.jobs(plan)

    from styler.batch.ledger import open_ledger
    from styler.batch.pipeline import NUM_THREADS, Pipeline
    from styler.batch.setup import Setup
    from styler.process import keep_freed_memory

    keep_freed_memory()
    files: dict[str, Any] = {"overwrite": overwrite, "keep_metadata": metadata == "keep", "max_pixels": max_pixels}
    setup = Setup(model, device, dtype, settings, out, **files)
    batch_stylizer = setup.batch_stylizer()
    batch_stylizer.stylizer.cascade_levels(chosen_levels)  # raises before anything is written
    if dry_run:
        print_dry_run(part_jobs, batch_stylizer, output)
        return
    run_options = {"num_threads": jobs or NUM_THREADS, "fail_fast": fail_fast}
    with open_ledger(out, part, part_jobs) as ledger, output.resume_hint():
        remaining = start_ledger(part_jobs, batch_stylizer, ledger, part, output)
        if engine == "threads":
            outcomes = Pipeline(batch_stylizer, ledger, **run_options).outcomes(remaining)
        else:
            from styler.batch.ray_engine import ray_outcomes

            if model == "auto":  # ledgers name the model, so all actors use this one, whatever their devices
                setup = replace(setup, model=batch_stylizer.stylizer.model.name)
            outcomes = ray_outcomes(
                remaining, setup, ledger=ledger.path.stem, address=address, num_workers=workers, **run_options
            )
        output.show_progress(outcomes)
    if output.failures:
        raise typer.Exit(SOME_FAILED)


def start_ledger(
    jobs: "list[Job]", batch_stylizer: "BatchStylizer", ledger: "Ledger", part: "Shard", output: "BatchOutput"
) -> "Sequence[Job]":
    """Return the remaining jobs, after completing the ledger of a killed run and printing how many they are."""
    from styler.batch.resuming import remaining_jobs

    found = remaining_jobs(jobs, batch_stylizer)
    for line in found.unwritten:
        ledger.append(line)
    output.print_start(found, part)
    return found.left


def print_dry_run(jobs: "list[Job]", batch_stylizer: "BatchStylizer", output: "BatchOutput") -> None:
    """Print what a run would write, and an estimate of time and memory."""
    from styler.batch.estimate import batch_estimate
    from styler.batch.resuming import remaining_jobs

    found = remaining_jobs(jobs, batch_stylizer)
    output.print_dry_run(found, batch_estimate(found.left, batch_stylizer))


def print_report(folder: Path, output: "BatchOutput") -> None:
    """Print a summary of all ledgers in a folder."""
    from styler.batch.report import report_on

    found = report_on(folder)
    output.print_report(found)
    if not found.is_whole:
        raise typer.Exit(SOME_FAILED)
