"""`styler batch`: many photographs, many styles, on one machine or many."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from styler.choices import MAX_PIXELS, OutputFormat, Pairs
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.options import (
    AlphaOption,
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
    check_alpha_levels,
    parse_alpha,
    parse_bytes,
    parse_levels,
    parse_tile,
    parse_weights,
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
    "styler batch a.jpg b.jpg painting.jpg --out results --size 1024 --format jpg",
    'styler batch photos paintings --out results --name "{style}/{content}" --dry-run',
)

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def batch(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="CONTENTS... STYLE",
            help="Photographs or folders of them, then a style picture or a folder of styles; "
            "or a CSV manifest with columns content,style,alpha,out. Repeatable.",
            show_default=False,
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
    alpha: AlphaOption = "1",
    style: Annotated[
        list[Path] | None,
        typer.Option(
            help="Style picture or folder; all other paths are contents. With --mask: its style. Repeatable.",
            rich_help_panel="Style",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Mix the styles with these weights, e.g. 0.7,0.3.",
            show_default="each style alone",
            rich_help_panel="Style",
        ),
    ] = None,
    mask: Annotated[
        list[Path] | None,
        typer.Option(help="Mask picture; white areas get the matching --style. Repeatable.", rich_help_panel="Style"),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Mask picture; white areas stay unchanged.", rich_help_panel="Style")
    ] = None,
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
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Find changed results by their hashes too, not only by their sizes.",
            rich_help_panel="Run",
        ),
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first failure.", rich_help_panel="Run")
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
        print_report(merge, output, verify=verify)
        return
    if not paths or out is None:
        raise typer.BadParameter("CONTENTS, STYLE and --out are required (or --merge OUT)")
    if engine != "ray" and (address or workers):
        raise typer.BadParameter("--address and --workers are for --engine ray")
    from styler.batch.names import Template
    from styler.batch.plan import planned_jobs
    from styler.batch.shards import parse_shard, shard_from_environment

    part = parse_shard(shard) if shard else shard_from_environment(os.environ)
    chosen_levels, template = parse_levels(levels), Template(name, format)
    strengths, shares = parse_alpha(alpha), parse_weights(weights)
    check_alpha_levels(strengths, chosen_levels)
    contents, styles, regions = split_paths(paths, style or [], mask or [])
    styles, regions = with_builtin_styles(styles, regions, model, device)
    check_files([*(path for pair in regions for path in pair), *([keep] if keep else [])])
    settings: dict[str, Any] = {
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
    settings |= {"regions": [[str(path) for path in pair] for pair in regions]} if regions else {}
    settings |= {"keep": str(keep)} if keep else {}
    settings |= {"weights": shares} if shares else {}
    with output.passed_over_printed():
        plan = planned_jobs(
            contents,
            styles,
            out,
            pairs=pairs,
            recursive=recursive,
            mixed=shares is not None,
            template=template,
            alpha=tuple(strengths.items()) if isinstance(strengths, dict) else strengths,
        )
    check_weights(shares, len(plan[0].styles))
    part_jobs = part.jobs(plan)

    from styler.batch.ledger import open_ledger
    from styler.batch.pipeline import NUM_THREADS, Pipeline
    from styler.batch.setup import Setup
    from styler.process import keep_freed_memory

    keep_freed_memory()
    files: dict[str, Any] = {
        "overwrite": overwrite,
        "verify": verify,
        "keep_metadata": metadata == "keep",
        "max_pixels": max_pixels,
    }
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


def split_paths(
    paths: list[Path], style: list[Path], masks: list[Path]
) -> tuple[list[Path], list[Path], list[tuple[Path, Path]]]:
    """Return the contents, the styles, and the masks with their styles."""
    from styler.batch.manifest import is_manifest

    regions = paired(masks, style) if masks else []
    if style and not masks:
        return paths, style, regions
    if len(paths) == 1 or any(map(is_manifest, paths)):
        return paths, [], regions
    return paths[:-1], paths[-1:], regions


def with_builtin_styles(
    styles: list[Path], regions: list[tuple[Path, Path]], model: str, device: str
) -> tuple[list[Path], list[tuple[Path, Path]]]:
    """Return the styles and regions with the files of built-in styles instead of their names."""
    from styler.model.style_catalog import is_style_name, resolved_styles

    if not any(map(is_style_name, [*styles, *(one for _, one in regions)])):
        return styles, regions
    from styler.model.catalog import find_model
    from styler.model.device import find_device

    name = find_model(model, device_type=find_device(device).type).stem
    found = resolved_styles([one for _, one in regions], name)
    return resolved_styles(styles, name), [(mask, one) for (mask, _), one in zip(regions, found, strict=True)]


def paired(masks: list[Path], styles: list[Path]) -> list[tuple[Path, Path]]:
    """Return each mask with its style."""
    if len(masks) != len(styles):
        raise typer.BadParameter(f"{len(masks)} --mask and {len(styles)} --style: each mask needs its style")
    return list(zip(masks, styles, strict=True))


def check_files(paths: list[Path]) -> None:
    """Raise a usage error if a mask or its style is no file, before all pictures fail for it."""
    for path in paths:
        if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises where permission is missing
            raise typer.BadParameter(f"no such file: {path}")


def check_weights(weights: list[float] | None, num_styles: int) -> None:
    """Raise a usage error if there is not one weight for each style."""
    if weights is not None and len(weights) != num_styles:
        raise typer.BadParameter(f"{len(weights)} --weights for {num_styles} styles")


def print_report(folder: Path, output: "BatchOutput", *, verify: bool) -> None:
    """Print a summary of all ledgers in a folder."""
    from styler.batch.report import report_on

    found = report_on(folder, verify=verify)
    output.print_report(found)
    if not found.is_whole:
        raise typer.Exit(SOME_FAILED)
