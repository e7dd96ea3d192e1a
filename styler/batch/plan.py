"""The plan: the jobs of a batch, each a content, a style and the name of the result. Does not import torch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from styler.batch.folders import Source, sources
from styler.batch.manifest import is_manifest, manifest_rows
from styler.batch.names import Template
from styler.choices import READABLE_SUFFIXES, STYLE_SUFFIX, Pairs
from styler.errors import StylerError


@dataclass(frozen=True)
class Job:
    """One picture to make; `out` is relative to the folder of results."""

    content: Path
    style: Path
    alpha: float
    out: Path

    @property
    def key(self) -> str:
        """Name of the result in the ledger, with forward slashes on every system."""
        return self.out.as_posix()


def planned_jobs(
    contents: Path,
    styles: Path | None,
    out: Path,
    *,
    pairs: Pairs = "all",
    recursive: bool = False,
    template: Template,
    alpha: float = 1.0,
) -> list[Job]:
    """Return the jobs, grouped by style.

    Args:
        contents: A picture, a folder, or a manifest, which also names the styles.
        styles: A picture or a folder; None with a manifest.
        out: Folder of results; pictures in it are not contents.
        pairs: "all" pairs every content with every style, "zip" pairs them in order.
        recursive: Whether subfolders are searched; the results mirror them.
        template: Names of the results.
        alpha: Style strength, for jobs whose manifest row has none.

    Raises:
        StylerError: If there are no pictures, a row or a name is wrong, or two jobs have the same name.
    """
    if is_manifest(contents):
        if styles is not None:
            raise StylerError(f"the manifest {contents} already names the styles", f"remove {styles} from the command")
        jobs = [
            Job(row.content.path, row.style.path, strength, row.out or template.path(row.content, row.style, strength))
            for row in manifest_rows(contents, template.format)
            for strength in [alpha if row.alpha is None else row.alpha]
        ]
    elif styles is None:
        raise StylerError("no styles", "add a picture or a folder after the contents, or use a .csv manifest")
    else:
        found = [
            sources(contents, "contents", out, recursive),
            sources(styles, "styles", out, recursive, (*READABLE_SUFFIXES, STYLE_SUFFIX)),
        ]
        jobs = [
            Job(content.path, style.path, alpha, template.path(content, style, alpha))
            for content, style in paired(*found, pairs)
        ]
    check_unique_names(jobs)
    return grouped_by_style(jobs)


def paired(contents: Sequence[Source], styles: Sequence[Source], pairs: Pairs) -> Iterable[tuple[Source, Source]]:
    """Return the pairs of contents and styles.

    Raises:
        StylerError: If "zip" gets different numbers of contents and styles.
    """
    if pairs == "all":
        return product(contents, styles)
    if len(contents) != len(styles):
        what = f"--pairs zip needs as many styles as contents, not {len(styles)} for {len(contents)}"
        raise StylerError(what, "add or remove some, or use --pairs all")
    return zip(contents, styles, strict=True)


def check_unique_names(jobs: Sequence[Job]) -> None:
    """Raise a StylerError if two jobs would write the same file."""
    seen: dict[Path, Job] = {}
    for job in jobs:
        other = seen.setdefault(job.out, job)
        if other is not job:
            one, two = (f"{each.content} in the style of {each.style}" for each in (other, job))
            todo = "make names unique with --name and {content_type}, {style_type}, {style_folder} or {alpha}"
            raise StylerError(f"{job.out} would be both {one} and {two}", todo)


def grouped_by_style(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs grouped by style, so that each style is encoded once and only one is in memory."""
    order = {style: number for number, style in enumerate(dict.fromkeys(job.style for job in jobs))}
    return sorted(jobs, key=lambda job: order[job.style])
