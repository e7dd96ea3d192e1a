"""The plan: every content in its styles, each with the name that its picture gets. Knows no torch."""

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
    """One picture to make; `out` is relative to the folder of the results."""

    content: Path
    style: Path
    alpha: float
    out: Path

    @property
    def key(self) -> str:
        """The name of the result in the ledger, the same on every system."""
        return self.out.as_posix()


def planned(
    contents: Path,
    styles: Path | None,
    out: Path,
    *,
    pairs: Pairs = "all",
    recursive: bool = False,
    template: Template,
    alpha: float = 1.0,
) -> list[Job]:
    """Return the jobs, those of one style after each other.

    Args:
        contents: A picture, a folder, or a manifest, which names styles too.
        styles: A picture or a folder.
        out: The folder of the results; what lies in it is no content.
        pairs: "all" gives each content each style, "zip" the first the first, and so on.
        recursive: Whether folders are searched through; the results lie as the contents do.
        template: How the results are called.
        alpha: Strength, where the manifest says nothing.

    Raises:
        StylerError: If there is nothing to do, a row or a name is wrong, or two jobs have one name.
    """
    if is_manifest(contents):
        if styles is not None:
            raise StylerError(f"{contents} names the styles itself", f"leave {styles} out")
        jobs = [
            Job(row.content.path, row.style.path, strength, row.out or template.path(row.content, row.style, strength))
            for row in manifest_rows(contents, template.format)
            for strength in [alpha if row.alpha is None else row.alpha]
        ]
    elif styles is None:
        raise StylerError("no styles", "name a picture or a folder after the contents, or give a .csv manifest")
    else:
        found = [
            sources(contents, "contents", out, recursive),
            sources(styles, "styles", out, recursive, (*READABLE_SUFFIXES, STYLE_SUFFIX)),
        ]
        jobs = [
            Job(content.path, style.path, alpha, template.path(content, style, alpha))
            for content, style in paired(*found, pairs)
        ]
    refuse_clashes(jobs)
    return by_style(jobs)


def paired(contents: Sequence[Source], styles: Sequence[Source], pairs: Pairs) -> Iterable[tuple[Source, Source]]:
    """Return the pairs of contents and styles.

    Raises:
        StylerError: If as many of both are wanted and aren't there.
    """
    if pairs == "all":
        return product(contents, styles)
    if len(contents) != len(styles):
        what = f"--pairs zip needs as many styles as contents, not {len(styles)} for {len(contents)}"
        raise StylerError(what, "add or remove some, or choose --pairs all")
    return zip(contents, styles, strict=True)


def refuse_clashes(jobs: Sequence[Job]) -> None:
    """Raise if two jobs would write the same file."""
    seen: dict[Path, Job] = {}
    for job in jobs:
        other = seen.setdefault(job.out, job)
        if other is not job:
            one, two = (f"{each.content} in the style of {each.style}" for each in (other, job))
            todo = "tell them apart with --name: {content_type}, {style_type}, {style_folder} and {alpha} help"
            raise StylerError(f"{job.out} would be both {one} and {two}", todo)


def by_style(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs with those of one style together: it is then encoded once, and only one is kept."""
    order = {style: number for number, style in enumerate(dict.fromkeys(job.style for job in jobs))}
    return sorted(jobs, key=lambda job: order[job.style])
