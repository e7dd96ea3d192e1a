"""`styler batch`: many photographs, many styles, on one machine or many."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from styler.choices import MAX_PIXELS
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
    from styler.cli.batch_output import BatchWords

SOME_FAILED = 3


def batch(
    contents: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONTENTS",
            help="A folder of photographs, one, or a CSV manifest: content,style,alpha,out.",
            show_default=False,
        ),
    ] = None,
    styles: Annotated[
        Path | None,
        typer.Argument(
            metavar="STYLES", help="A folder of styles, or one; a manifest names them itself.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder of the results.", show_default=False)
    ] = None,
    pairs: Annotated[
        Literal["all", "zip"], typer.Option(help="Each content in each style, or the first in the first and so on.")
    ] = "all",
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Search through folders; OUT mirrors them.")
    ] = False,
    name: Annotated[
        str, typer.Option(help="Names of results; also {content_type}, {style_type}, {style_folder}, {alpha}.")
    ] = "{content}-{style}",
    format: Annotated[Literal["png", "jpg", "webp", "tiff"], typer.Option(help="What results are.")] = "png",
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Strength of the styles.")] = 1.0,
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
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what exists and would differ.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Begin nothing new after a failure.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, how long, in what memory.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Threads that read, and that write.", show_default="cores")
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            help="Do part I/N of the work, from 1/N to N/N.", show_default="from RANK or Slurm's array, or all"
        ),
    ] = None,
    merge: Annotated[Path | None, typer.Option(help="Report on all ledgers in this folder of results.")] = None,
    engine: Annotated[Literal["threads", "ray"], typer.Option(help="This process, or a cluster of Ray's.")] = "threads",
    address: Annotated[str | None, typer.Option(help="Ray's cluster.", show_default="one started here")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Ray's actors.", show_default="one a GPU, or a core")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each event.")] = False,
) -> None:
    """Give all photographs in CONTENTS the styles in STYLES. What an earlier run has done is not done again."""
    from styler.cli.batch_output import BatchWords

    words = BatchWords(quiet=quiet, as_json=as_json)
    if merge is not None:
        report(merge, words)
        return
    if contents is None or out is None:
        raise typer.BadParameter("CONTENTS, STYLES and --out are needed (or --merge OUT)")
    from styler.batch.names import Template
    from styler.batch.plan import planned_jobs
    from styler.batch.shards import parse_shard, shard_from_environment

    part = parse_shard(shard) if shard else shard_from_environment(os.environ)
    chosen, template = parse_levels(levels), Template(name, format)
    settings = {
        "preserve_color": preserve_color,
        "levels": chosen,
        "size": size,
        "style_size": style_size,
        "style_scale": style_scale,
        "transform": transform,
        "method": method,
        "tile": parse_tile(tile),
        "max_memory": parse_bytes(max_memory),
    }
    plan = planned_jobs(contents, styles, out, pairs=pairs, recursive=recursive, template=template, alpha=alpha)
    mine = part.jobs(plan)

    from styler.batch.ledger import open_ledger
    from styler.batch.pipeline import NUM_THREADS, Pipeline
    from styler.batch.setup import Setup
    from styler.process import keep_freed_memory

    keep_freed_memory()
    results = {"overwrite": overwrite, "keep_metadata": metadata == "keep", "max_pixels": max_pixels}
    setup = Setup(model, device, dtype, settings, out, **results)
    batch_stylizer = setup.batch_stylizer()
    batch_stylizer.stylizer.cascade_levels(chosen)
    if dry_run:
        foretell(mine, batch_stylizer, words)
        return
    how = {"num_threads": jobs or NUM_THREADS, "fail_fast": fail_fast}
    with open_ledger(out, part, mine) as ledger, words.told_how_to_go_on():
        left = begun(mine, batch_stylizer, ledger, part, words)
        if engine == "threads":
            outcomes = Pipeline(batch_stylizer, ledger, **how).outcomes(left)
        else:
            from styler.batch.ray_engine import ray_outcomes

            if model == "auto":  # ledgers are compared by it, so all actors take this one, on whatever devices
                setup = replace(setup, model=batch_stylizer.stylizer.model.name)
            outcomes = ray_outcomes(left, setup, ledger=ledger.path.stem, address=address, num_workers=workers, **how)
        words.follow(outcomes)
    if words.failures:
        raise typer.Exit(SOME_FAILED)


def begun(
    jobs: "list[Job]", batch_stylizer: "BatchStylizer", ledger: "Ledger", part: "Shard", words: "BatchWords"
) -> "Sequence[Job]":
    """Return what is left to do, once the ledger has what a kill kept from it and the user knows."""
    from styler.batch.resuming import remaining_jobs

    found = remaining_jobs(jobs, batch_stylizer)
    for line in found.unwritten:
        ledger.append(line)
    words.begin(found, part)
    return found.left


def foretell(jobs: "list[Job]", batch_stylizer: "BatchStylizer", words: "BatchWords") -> None:
    """Say what would be done, and what it would take."""
    from styler.batch.estimate import batch_estimate
    from styler.batch.resuming import remaining_jobs

    found = remaining_jobs(jobs, batch_stylizer)
    words.foretell(found, batch_estimate(found.left, batch_stylizer))


def report(folder: Path, words: "BatchWords") -> None:
    """Say what all the ledgers in a folder tell."""
    from styler.batch.report import report_on

    found = report_on(folder)
    words.report(found)
    if not found.is_whole:
        raise typer.Exit(SOME_FAILED)
