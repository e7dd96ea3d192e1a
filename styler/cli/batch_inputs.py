"""Inputs of `styler batch`: contents, styles and masks from the arguments, and the jobs planned from them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from styler.batch.manifest import is_manifest
from styler.batch.names import Template
from styler.batch.plan import Job, planned_jobs
from styler.choices import Level, Pairs
from styler.cli.option_values import paired
from styler.model.catalog import find_model
from styler.model.style_catalog import builtin_style_path, builtin_styles, is_style_name, resolved_styles


@dataclass(frozen=True)
class Inputs:
    """Input files of a batch.

    Attributes:
        contents: Pictures and folders, or a manifest.
        styles: Pictures and folders; none with a manifest.
        regions: Masks with their styles.
        keep: Mask of the areas that stay unchanged.
    """

    contents: Sequence[Path]
    styles: Sequence[Path]
    regions: Sequence[tuple[Path, Path]]
    keep: Path | None

    @property
    def style_files(self) -> list[Path]:
        """The styles that are named one by one, not in a folder or a manifest."""
        return [*self.styles, *(style for _, style in self.regions)]

    def jobs(
        self,
        out: Path,
        template: Template,
        *,
        pairs: Pairs,
        recursive: bool,
        alpha: float | dict[Level, float],
        weights: list[float] | None,
    ) -> list[Job]:
        """Return the jobs; with weights, each is in the mixture of all styles. See `planned_jobs`."""
        strengths = tuple(alpha.items()) if isinstance(alpha, dict) else alpha
        options: dict[str, Any] = {"pairs": pairs, "recursive": recursive, "mixed": weights is not None}
        jobs = planned_jobs(self.contents, self.styles, out, template=template, alpha=strengths, **options)
        check_weights(weights, len(jobs[0].styles))
        return jobs

    def mask_settings(self) -> dict[str, Any]:
        """Return the settings that name masks; none without masks, so that the ledger stays as it was."""
        settings: dict[str, Any] = {}
        if self.regions:
            settings["regions"] = [[str(path) for path in pair] for pair in self.regions]
        if self.keep:
            settings["keep"] = str(self.keep)
        return settings


def find_inputs(paths: list[Path], styles: list[Path], masks: list[Path], keep: Path | None) -> Inputs:
    """Return the inputs; the last path is the style unless --style or a manifest names the styles."""
    regions = paired(masks, styles) if masks else []
    check_files([*(path for pair in regions for path in pair), *([keep] if keep else [])])
    if styles and not masks:
        return Inputs(paths, styles, regions, keep)
    if len(paths) == 1 or any(map(is_manifest, paths)):
        return Inputs(paths, [], regions, keep)
    return Inputs(paths[:-1], paths[-1:], regions, keep)


def with_builtin_styles(
    paths: list[Path], styles: list[Path], has_masks: bool, model: str, device: str
) -> tuple[list[Path], list[Path]]:
    """Return paths and styles with the files of built-in styles instead of their names, for the model that is run."""
    last = [] if len(paths) == 1 or (styles and not has_masks) else paths[-1:]
    if not any(map(is_style_name, [*last, *styles])):
        return paths, styles
    name = model_name(model, device)
    return paths[: len(paths) - len(last)] + resolved_styles(last, name), resolved_styles(styles, name)


def with_builtin_rows(jobs: list[Job], model: str, device: str) -> list[Job]:
    """Return the jobs with the files of built-in styles for names in a manifest; a file of the name has precedence."""
    names = {style.name for style in builtin_styles()}
    named = {job.style for job in jobs if job.style.name in names and not job.style.exists()}
    if not named:
        return jobs
    chosen = model_name(model, device)
    found = {path: builtin_style_path(path.name, chosen) for path in named}
    return [replace(job, style=found.get(job.style, job.style)) for job in jobs]


def model_name(model: str, device: str) -> str:
    """Return the name of the model that is run."""
    from styler.model.device import find_device

    return find_model(model, device_type=find_device(device).type).stem


def check_files(paths: list[Path]) -> None:
    """Raise a usage error if a mask or its style is not a file, since otherwise every picture would fail."""
    for path in paths:
        if not os.path.isfile(path):  # noqa: PTH113  Path.is_file raises where permission is missing
            raise typer.BadParameter(f"no such file: {path}")


def check_weights(weights: list[float] | None, num_styles: int) -> None:
    """Raise a usage error if there is not one weight for each style."""
    if weights is not None and len(weights) != num_styles:
        raise typer.BadParameter(f"{len(weights)} --weights for {num_styles} styles")
