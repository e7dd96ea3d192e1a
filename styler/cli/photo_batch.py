"""A folder of photographs for `styler photo`: planned, recorded and resumed as in `styler batch`. Imports torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from styler.batch.names import Template
from styler.batch.pipeline import NUM_THREADS
from styler.batch.setup import Setup
from styler.batch.shards import Shard
from styler.cli.batch_inputs import Inputs, check_files, model_name
from styler.cli.batch_output import BatchOutput
from styler.cli.batch_run import BatchRun
from styler.cli.console import message_console
from styler.cli.photo_output import warn_of_swapped_greys
from styler.model.style_catalog import is_style_name, resolved_styles
from styler.photo.cube_file import is_cube, read_cube

SOME_FAILED = 3
"""Exit status."""


def photo_batch(
    contents: Path,
    styles: Sequence[Path],
    out: Path,
    settings: dict[str, Any],
    loading: dict[str, Any],
    *,
    recursive: bool,
    format: str,
    quiet: bool,
    as_json: bool,
    **files: Any,
) -> None:
    """Write the photographs of a folder in the mixture of the styles, or by one .cube file, to the folder `out`."""
    for path in filter(is_cube, styles):
        warn_of_swapped_greys(read_cube(path), path, message_console(quiet=quiet or as_json))
    output, masks = BatchOutput(quiet=quiet, as_json=as_json), [Path(mask) for mask, _ in settings["regions"]]
    keep, weights = settings["keep"] and Path(settings["keep"]), settings["weights"] or [1.0] * len(styles)
    named = [*styles, *(Path(style) for _, style in settings["regions"])]
    if any(map(is_style_name, named)):
        named = resolved_styles(named, model_name(loading["model"], loading["device"]))
    base, regions = named[: len(styles)], list(zip(masks, named[len(styles) :], strict=True))
    check_files([*(path for pair in regions for path in pair), *([keep] if keep else [])])
    inputs = Inputs([contents], base, regions, keep)
    with output.passed_over_printed():
        how: dict[str, Any] = {"pairs": "all", "recursive": recursive, "alpha": settings["alpha"], "weights": weights}
        jobs = inputs.jobs(out, Template("{content}-{style}", format), **how)
    chosen = settings | {"photo": True, "weights": weights, **inputs.mask_settings()}
    run = BatchRun(jobs, Setup(**loading, settings=chosen, folder=out, **files), shard=Shard(1, 1), output=output)
    run.stylize_in_threads(num_threads=NUM_THREADS, fail_fast=False)
    if output.failures:
        raise typer.Exit(SOME_FAILED)
