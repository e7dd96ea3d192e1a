"""`styler batch`: many photographs, many styles, on one machine or many."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from styler.choices import MAX_PIXELS
from styler.cli.batch_options import (
    AddressOption,
    DryRunOption,
    EngineOption,
    EventsAsJsonOption,
    FailFastOption,
    FormatOption,
    JobsOption,
    MergeOption,
    NameOption,
    OutOption,
    PairsOption,
    PathsArgument,
    RecursiveOption,
    ReplaceOption,
    ShardOption,
    StyleOption,
    VerifyOption,
    WatchOption,
    WeightsOption,
    WorkersOption,
)
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.option_values import (
    check_alpha_levels,
    check_refinement,
    check_style_options,
    parse_alpha,
    parse_bytes,
    parse_levels,
    parse_strokes,
    parse_tile,
    parse_weights,
)
from styler.cli.options import (
    AlphaOption,
    ColorsOption,
    DetailOption,
    DeviceOption,
    DTypeOption,
    KeepOption,
    LevelsOption,
    MaskOption,
    MaxMemoryOption,
    MaxPixelsOption,
    MetadataOption,
    MethodOption,
    ModelOption,
    QuietOption,
    RefineOption,
    RefineWithOption,
    SeedFlatsOption,
    SizeOption,
    StrokesOption,
    StyleScaleOption,
    StyleSizeOption,
    TileOption,
    TransformOption,
)

if TYPE_CHECKING:
    from styler.batch.plan import Job
    from styler.batch.setup import Setup
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
    paths: PathsArgument = None,
    out: OutOption = None,
    pairs: PairsOption = "all",
    recursive: RecursiveOption = False,
    name: NameOption = "{content}-{style}",
    format: FormatOption = "png",
    alpha: AlphaOption = "1",
    style: StyleOption = None,
    weights: WeightsOption = None,
    mask: MaskOption = None,
    keep: KeepOption = None,
    detail: DetailOption = 0.0,
    strokes: StrokesOption = "fine",
    seed_flats: SeedFlatsOption = True,
    refine: RefineOption = 0,
    refine_with: RefineWithOption = None,
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
    overwrite: ReplaceOption = False,
    verify: VerifyOption = False,
    fail_fast: FailFastOption = False,
    dry_run: DryRunOption = False,
    watch: WatchOption = False,
    jobs: JobsOption = None,
    shard: ShardOption = None,
    merge: MergeOption = None,
    engine: EngineOption = "threads",
    address: AddressOption = None,
    workers: WorkersOption = None,
    quiet: QuietOption = False,
    as_json: EventsAsJsonOption = False,
) -> None:
    """Stylize many photographs with many styles.

    Finished pictures are skipped, so an interrupted run continues with the same command.
    """
    from styler.cli.batch_output import BatchOutput

    output = BatchOutput(quiet=quiet, as_json=as_json)
    if merge is not None:
        report(merge, output, verify=verify)
        return
    if not paths or out is None:
        raise typer.BadParameter("CONTENTS, STYLE and --out are required (or --merge OUT)")
    if engine != "ray" and (address or workers):
        raise typer.BadParameter("--address and --workers are for --engine ray")
    from styler.batch.names import Template
    from styler.batch.shards import parse_shard, shard_from_environment
    from styler.cli.batch_inputs import find_inputs, with_builtin_rows, with_builtin_styles

    part = parse_shard(shard) if shard else shard_from_environment()
    template = Template(name, format)
    strengths, shares, chosen_levels = parse_alpha(alpha), parse_weights(weights), parse_levels(levels)
    check_alpha_levels(strengths, chosen_levels)
    check_refinement(refine, refine_with)
    inputs = find_inputs(*with_builtin_styles(paths, style or [], bool(mask), model, device), mask or [], keep)
    check_style_options(inputs.style_files, style_size, style_scale)
    settings: dict[str, Any] = {
        "detail": detail,
        "strokes": parse_strokes(strokes),
        "seed_flats": seed_flats,
        "preserve_color": preserve_color,
        "levels": chosen_levels,
        "size": size,
        "style_size": style_size,
        "style_scale": style_scale,
        "transform": transform,
        "method": method,
        "tile": parse_tile(tile),
        "max_memory": parse_bytes(max_memory),
        **inputs.mask_settings(),
        **({"weights": shares} if shares else {}),
        **({"refine": refine, "refine_with": refine_with} if refine else {}),
    }
    planning: dict[str, Any] = {"pairs": pairs, "recursive": recursive or watch, "alpha": strengths, "weights": shares}
    if watch:
        from styler.cli.batch_watch import check_watchable

        check_watchable(inputs.contents, engine=engine, dry_run=dry_run)
    with output.passed_over_printed():
        plan = [] if watch else with_builtin_rows(inputs.jobs(out, template, **planning), model, device)

    from styler.batch.setup import Setup

    files: dict[str, Any] = {
        "overwrite": overwrite,
        "verify": verify,
        "keep_metadata": metadata == "keep",
        "max_pixels": max_pixels,
    }
    setup = Setup(model, device, dtype, settings, out, **files)
    if not watch and not dry_run and print_finished(part.jobs(plan), setup, part, output):
        return
    from styler.batch.pipeline import NUM_THREADS
    from styler.cli.batch_run import BatchRun

    run = BatchRun(part.jobs(plan), setup, shard=part, output=output)
    running: dict[str, Any] = {"num_threads": jobs or NUM_THREADS, "fail_fast": fail_fast}
    if watch:
        from styler.cli.batch_watch import watch as watch_folders

        again = partial(inputs.jobs, out, template, **planning)
        if watch_folders(inputs.contents, lambda: part.jobs(again()), run, num_threads=jobs or NUM_THREADS):
            raise typer.Exit(SOME_FAILED)
        return
    if dry_run:
        run.print_dry_run()
    elif engine == "ray":
        run.stylize_on_ray(address=address, num_workers=workers, **running)
    else:
        run.stylize_in_threads(**running)
    if output.failures:
        raise typer.Exit(SOME_FAILED)


def print_finished(jobs: "list[Job]", setup: "Setup", part: "Shard", output: "BatchOutput") -> bool:
    """Print that an earlier run has made all pictures, and return whether it has. Does not import torch."""
    from styler.batch.finished import finished_jobs
    from styler.batch.ledger import open_ledger

    found = finished_jobs(jobs, setup)
    if found is None:
        return False
    with open_ledger(setup.folder, part, jobs):
        output.print_start(found, part)
        output.show_progress(())
    return True


def report(folder: Path, output: "BatchOutput", *, verify: bool) -> None:
    """Print a summary of all ledgers in a folder, and exit with `SOME_FAILED` unless all pictures are made."""
    from styler.batch.report import report_on
    from styler.cli.batch_listings import print_report

    found = report_on(folder, verify=verify)
    print_report(output, found)
    if not found.is_whole:
        raise typer.Exit(SOME_FAILED)
