"""Manifests: CSV files with the columns content and style, and optionally alpha and out.

Spreadsheets write them with semicolons or tabs, decimal commas, a byte order mark, and empty rows and columns.
"""

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

from styler.batch.folders import Source
from styler.batch.names import inner_path
from styler.choices import FORMATS
from styler.errors import StylerError
from styler.files import check_regular

SEPARATORS = (";", "\t", ",")
"""The first of them in the header separates cells."""

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
    check_regular(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(path, *_lines(file), format))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StylerError(f"cannot read {path}: {reason}", "give a CSV file in UTF-8") from error
    if not rows:
        raise StylerError(f"{path} has no rows", "write one line per picture: content,style,alpha,out")
    return rows


def _lines(file: TextIO) -> tuple[Iterator[tuple[int, list[str]]], str]:
    """Return the line numbers and cells of the rows that are not empty, and the separator."""
    start, first = 1, file.readline()
    if match := re.fullmatch(r"sep=(.)\s*", first):  # Excel writes the separator in a line of its own
        start, separator, first = 2, match[1], ""
    else:
        separator = next((mark for mark in SEPARATORS if mark in first), ",")
    reader = csv.reader(chain([first] if first else [], file), delimiter=separator, strict=True)
    rows = ((start - 1 + reader.line_num, [cell.strip() for cell in cells]) for cells in reader)
    return ((number, cells) for number, cells in rows if any(cells)), separator


def _rows(path: Path, lines: Iterator[tuple[int, list[str]]], separator: str, format: str) -> Iterator[ManifestRow]:
    number, header = next(lines, (1, []))
    names = [name.lower() for name in header]
    known = [name for name in names if name]
    if not {"content", "style"} <= set(known) <= set(COLUMNS) or len(set(known)) < len(known):
        what = f"{path}, line {number}: expected the columns {', '.join(COLUMNS)}, got {', '.join(known) or 'nothing'}"
        raise StylerError(what, "content and style are required; alpha and out are optional")
    for number, cells in lines:
        try:
            if any(cells[len(names) :]):
                raise ValueError(f"expected {len(names)} cells, got more")
            row = dict(zip(names, cells, strict=False))
            if separator != ",":
                row["alpha"] = row.get("alpha", "").replace(",", ".")
            yield _row(path.parent, row, format)
        except (StylerError, ValueError) as error:
            what, todo = error.args if isinstance(error, StylerError) else (error, "correct this line")
            raise StylerError(f"{path}, line {number}: {what}", todo) from None


def _row(folder: Path, cells: dict[str, str], format: str) -> ManifestRow:
    if cells.get(""):
        raise ValueError("a cell has no column")
    texts = {name: cells.get(name, "") for name in COLUMNS}
    for name in ("content", "style"):
        if not texts[name]:
            raise ValueError(f"no {name}")
        if "\0" in texts[name]:
            raise ValueError(f"{name} has a NUL character")
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
