"""The plan: the jobs of a batch, each a content, a style and the name of the result. Does not import torch."""

import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from styler.batch.folders import Source, sources
from styler.batch.manifest import is_manifest, manifest_rows
from styler.batch.names import Alpha, Template, name_hash
from styler.choices import READABLE_SUFFIXES, STYLE_SUFFIX, Pairs
from styler.errors import StylerError
from styler.files import PassedOver


@dataclass(frozen=True)
class Job:
    """One picture to make; `out` is relative to the folder of results."""

    content: Path
    style: Path
    alpha: Alpha
    out: Path
    more_styles: tuple[Path, ...] = ()
    """Styles that are mixed with `style`."""

    @property
    def styles(self) -> tuple[Path, ...]:
        """All styles of the mixture."""
        return self.style, *self.more_styles

    @property
    def key(self) -> str:
        """Name of the result in the ledger, with forward slashes on every system."""
        return self.out.as_posix()


@dataclass(frozen=True)
class Pair:
    """A content with its styles, and the name of the result if a manifest gives it."""

    content: Source
    styles: tuple[Source, ...]
    alpha: Alpha
    out: Path | None = None

    def __str__(self) -> str:
        return f"{self.content.path} in the style of {' and '.join(str(one.path) for one in self.styles)}"


def planned_jobs(
    contents: Path | Sequence[Path],
    styles: Path | Sequence[Path] | None,
    out: Path,
    *,
    pairs: Pairs = "all",
    recursive: bool = False,
    mixed: bool = False,
    template: Template,
    alpha: Alpha = 1.0,
) -> list[Job]:
    """Return the jobs, grouped by style.

    Args:
        contents: Pictures and folders, or a manifest, which also names the styles.
        styles: Pictures and folders; None with a manifest.
        out: Folder of results; pictures in it are not contents.
        pairs: "all" pairs every content with every style, "zip" pairs them in order.
        recursive: Whether subfolders are searched; the results mirror them.
        mixed: Whether each content gets the mixture of all styles instead.
        template: Names of the results.
        alpha: Style strength, for jobs whose manifest row has none.

    Raises:
        StylerError: If there are no pictures, a row or a name is wrong, or two jobs have the same name.
    """
    contents = [contents] if isinstance(contents, Path) else list(contents)
    styles = [styles] if isinstance(styles, Path) else list(styles or [])
    manifest = next(filter(is_manifest, contents), None)
    if manifest is not None:
        others = [*(path for path in contents if path != manifest), *styles]
        if others:
            raise StylerError(
                f"the manifest {manifest} already names the styles", f"remove {others[0]} from the command"
            )
        rows = manifest_rows(manifest, template.format)
        found = [Pair(row.content, (row.style,), alpha if row.alpha is None else row.alpha, row.out) for row in rows]
    elif not styles:
        raise StylerError("no styles", "add a picture or a folder after the contents, or use a .csv manifest")
    else:
        style_sources = all_sources(styles, "styles", out, recursive, (*READABLE_SUFFIXES, STYLE_SUFFIX))
        pictures = all_sources(contents, "contents", out, recursive)
        if len(contents) > 1:
            pictures = without_styles(pictures, style_sources)
        groups = paired(pictures, [tuple(style_sources)] if mixed else [(one,) for one in style_sources], pairs)
        found = [Pair(content, group, alpha) for content, group in groups]
    return grouped_by_style(named(found, template))


def all_sources(
    paths: Sequence[Path], kind: str, out: Path, recursive: bool, suffixes: Sequence[str] = READABLE_SUFFIXES
) -> list[Source]:
    """Return the pictures of several paths, each once; see `sources`.

    Of several paths, a folder without pictures is passed over; a missing file fails later, without stopping the batch.

    Raises:
        StylerError: If there are no pictures.
    """
    if len(paths) == 1:
        return sources(paths[0], kind, out, recursive, suffixes)
    found: dict[Path, Source] = {}
    for path in paths:
        if not path.is_dir():
            found.setdefault(path, Source(path))
            continue
        try:
            found |= {one.path: one for one in sources(path, kind, out, recursive, suffixes) if one.path not in found}
        except StylerError as error:
            warnings.warn(PassedOver(error.what, [path]), stacklevel=2)
    if not found:
        raise StylerError(f"no pictures in {', '.join(map(str, paths[:3]))}", f"give {kind} as pictures or folders")
    return list(found.values())


def without_styles(contents: Sequence[Source], styles: Sequence[Source]) -> list[Source]:
    """Return the contents without the styles, since a shell expands *.jpg to the style too.

    Raises:
        StylerError: If nothing is left.
    """
    style_paths = {style.path for style in styles}
    if among := [content.path for content in contents if content.path in style_paths]:
        warnings.warn(PassedOver("the style itself", among), stacklevel=2)
    left = [content for content in contents if content.path not in style_paths]
    if not left:
        raise StylerError("all contents are styles too", "give the photographs first, and then the style")
    return left


def paired(
    contents: Sequence[Source], styles: Sequence[tuple[Source, ...]], pairs: Pairs
) -> Iterable[tuple[Source, tuple[Source, ...]]]:
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


def named(pairs: Sequence[Pair], template: Template) -> list[Job]:
    """Return the jobs of the pairs.

    Names that clash get the file extension of the content or the style, and a hash if they still do. Names clash too if
    they differ by case or Unicode composition alone, which macOS and Windows ignore.

    Raises:
        StylerError: If two results would have one name.
    """
    chosen = {pair: pair.out or template.path(pair.content, pair.styles, pair.alpha) for pair in pairs}
    for group in clashing(chosen):
        whole_content = len({pair.content.path.suffix for pair in group}) > 1
        whole_style = len({tuple(one.path.suffix for one in pair.styles) for pair in group}) > 1
        for pair in (pair for pair in group if pair.out is None):
            chosen[pair] = template.path(
                pair.content, pair.styles, pair.alpha, whole_content=whole_content, whole_style=whole_style
            )
    for group in clashing(chosen):
        differ_by_case = len({chosen[pair] for pair in group}) == len(group)
        differ_by_content = template.names_contents and len({pair.content for pair in group}) == len(group)
        if differ_by_case or (differ_by_content and not any(pair.out for pair in group)):
            chosen |= {pair: hashed(chosen[pair], pair) for pair in group}
    for one, two, *_ in clashing(chosen):
        raise clash(chosen[one], one, two)
    if len(chosen) < len(pairs):
        twice = next(pair for pair in pairs if pairs.count(pair) > 1)
        raise clash(chosen[twice], twice, twice)
    return [
        Job(
            pair.content.path,
            pair.styles[0].path,
            pair.alpha,
            out,
            tuple(one.path for one in pair.styles[1:]),
        )
        for pair, out in chosen.items()
    ]


def clashing(chosen: dict[Pair, Path]) -> list[list[Pair]]:
    """Return the groups of pairs whose names are the same on a file system that ignores case and composition."""
    groups: dict[str, list[Pair]] = {}
    for pair, out in chosen.items():
        groups.setdefault(unicodedata.normalize("NFC", out.as_posix()).casefold(), []).append(pair)
    return [group for group in groups.values() if len(group) > 1]


def hashed(out: Path, pair: Pair) -> Path:
    """Return the name with a hash of its inputs and the name."""
    return out.with_name(f"{out.stem[:200]}~{name_hash(f'{out} {pair}')}{out.suffix}")


def clash(out: Path, one: Pair, two: Pair) -> StylerError:
    """Return the error for two results with one name."""
    if one.out or two.out:
        return StylerError(f"{out} would be both {one} and {two}", "change the column out in one of their rows")
    todo = "make names unique with --name and {content_type}, {style_type}, {style_folder} or {alpha}"
    return StylerError(f"{out} would be both {one} and {two}", todo)


def grouped_by_style(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs grouped by style, so that each style is encoded once and only one is in memory."""
    order = {styles: number for number, styles in enumerate(dict.fromkeys(job.styles for job in jobs))}
    return sorted(jobs, key=lambda job: order[job.styles])
