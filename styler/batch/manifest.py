"""Manifests: CSV files with the columns content and style, and optionally alpha and out."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from styler.batch.folders import Source
from styler.batch.names import inner_path
from styler.choices import FORMATS
from styler.errors import StylerError

COLUMNS = ("content", "style", "alpha", "out")


@dataclass(frozen=True)
class ManifestRow:
    """A row of a manifest; None stands for an empty cell."""

    content: Source
    style: Source
    alpha: float | None
    out: Path | None


def is_manifest(path: Path) -> bool:
    """Return whether this is a manifest, from the file extension."""
    return path.suffix.lower() == ".csv" and not path.is_dir()


def manifest_rows(path: Path, format: str) -> list[ManifestRow]:
    """Return the rows of a manifest; its paths are relative to the folder of the manifest.

    Args:
        path: The manifest, UTF-8.
        format: File extension added to an `out` without one.

    Raises:
        StylerError: If it can't be read or a row is wrong; the error gives the line number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(path, csv.DictReader(file, strict=True, restval=""), format))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StylerError(f"cannot read {path}: {reason}", "give a CSV file in UTF-8") from error
    if not rows:
        raise StylerError(f"{path} has no rows", "write one line per picture: content,style,alpha,out")
    return rows


def _rows(path: Path, lines: csv.DictReader, format: str) -> Iterator[ManifestRow]:
    names = [name.strip() for name in lines.fieldnames or []]
    lines.fieldnames = names
    if not {"content", "style"} <= set(names) <= set(COLUMNS) or len(set(names)) < len(names):
        what = f"{path}, line 1: expected the columns {', '.join(COLUMNS)}, got {', '.join(names) or 'nothing'}"
        raise StylerError(what, "content and style are required; alpha and out are optional")
    for cells in lines:
        try:
            yield _row(path.parent, cells, format)
        except (StylerError, ValueError) as error:
            what, todo = error.args if isinstance(error, StylerError) else (error, "correct this line")
            raise StylerError(f"{path}, line {lines.line_num}: {what}", todo) from None


def _row(folder: Path, cells: dict[str | None, str], format: str) -> ManifestRow:
    if None in cells:
        raise ValueError(f"expected {len(cells) - 1} cells, got more")
    texts = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    for name in ("content", "style"):
        if not texts[name]:
            raise ValueError(f"no {name}")
    sources = [Source(folder / texts[name]) for name in ("content", "style")]
    return ManifestRow(*sources, _alpha(texts["alpha"]), _out(texts["out"], format))


def _alpha(text: str) -> float | None:
    try:
        alpha = float(text) if text else None
    except ValueError:
        alpha = math.nan
    if alpha is not None and not 0 <= alpha <= 1:
        raise ValueError(f"expected alpha from 0 to 1, got {text!r}")
    return alpha


def _out(text: str, format: str) -> Path | None:
    if not text:
        return None
    path = inner_path(text)
    if path.suffix.lower() in FORMATS:
        return path
    return path.with_name(f"{path.name}.{format}")
