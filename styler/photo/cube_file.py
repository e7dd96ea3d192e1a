"""Tables of colors as .cube files, which photo and film programs read.

Reference:
    Adobe, Cube LUT Specification 1.0 (2013); `LUT_3D_INPUT_RANGE` is DaVinci Resolve's.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from styler.errors import StylerError
from styler.files import atomic_file, check_regular
from styler.photo.color_table import Color, ColorTable

CUBE_SUFFIX = ".cube"
MIN_POINTS, MAX_POINTS = 2, 129
"""Points a side of the files that are read; the specification allows 256, half a gigabyte of text."""

MAX_BYTES = MAX_POINTS**3 * 100
MAX_COLOR = 1e6
"""Larger values are clamped to it: interpolating between them could overflow."""

MAX_TITLE = 200


def is_cube(path: Path) -> bool:
    """Return whether a path names a .cube file."""
    return path.suffix.lower() == CUBE_SUFFIX


def cube_text(table: ColorTable, *, title: str) -> str:
    """Return the text of a .cube file, with six decimals; characters that a title can't have are replaced."""
    plain = re.sub(r"[^ !#-~]", "?", title)[:MAX_TITLE]
    ends = [" ".join(f"{x:g}" for x in color) for color in (table.low, table.high)]
    head = f'TITLE "{plain}"\nLUT_3D_SIZE {table.num_points}\nDOMAIN_MIN {ends[0]}\nDOMAIN_MAX {ends[1]}\n'
    return head + "".join(f"{r:.6f} {g:.6f} {b:.6f}\n" for r, g, b in table.values.view(-1, 3).tolist())


def write_cube(table: ColorTable, path: Path, *, title: str, overwrite: bool = False) -> None:
    """Write a table as a .cube file, whole or not at all.

    Raises:
        StylerError: If the file exists (unless `overwrite`) or cannot be written.
    """
    with atomic_file(path, overwrite=overwrite) as file:
        file.write(cube_text(table, title=title).encode("ascii"))


def read_cube(path: Path) -> ColorTable:
    """Return the table in a .cube file.

    Raises:
        StylerError: If the file can't be read, or anything in it is not what its header says.
    """
    try:
        check_regular(path)
        if path.stat().st_size > MAX_BYTES:
            raise cube_error(path, f"is larger than {MAX_BYTES >> 20} MiB")
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        raise StylerError(f"no such file: {path}", "check the name and the folder") from None
    except OSError as error:
        raise StylerError(f"cannot read {path}: {error.strerror}", "check the name, and who may read it") from error
    return table_in(text, path)


class Line(NamedTuple):
    """A line's number, from 1, and its words."""

    number: int
    words: list[str]


def table_in(text: str, path: Path) -> ColorTable:
    """Return the table in the text of a .cube file; see `read_cube`."""
    lines = [Line(number, line.split()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [line for line in lines if line.words and not line.words[0].startswith("#")]
    count = next((index for index, line in enumerate(lines) if is_number(line.words[0])), len(lines))
    num_points, low, high = read_head(lines[:count], path)
    colors = read_colors(lines[count:], path)
    if len(colors) != num_points**3:
        raise cube_error(path, f"has {len(colors)} colors, and its header says {num_points}³ = {num_points**3}")
    values = torch.from_numpy(colors.clip(-MAX_COLOR, MAX_COLOR).astype(np.float32))
    return ColorTable(values.view(num_points, num_points, num_points, 3), low, high)


def read_head(lines: Sequence[Line], path: Path) -> tuple[int, Color, Color]:
    """Return the number of points and the domain that the lines before the colors say."""
    found: dict[str, Line] = {}
    for line in lines:
        key = line.words[0]
        if key == "LUT_1D_SIZE":
            raise cube_error(path, "is a one-dimensional table", "give a table with LUT_3D_SIZE")
        if key not in ("TITLE", "LUT_3D_SIZE", "DOMAIN_MIN", "DOMAIN_MAX", "LUT_3D_INPUT_RANGE"):
            raise cube_error(path, f"has an unknown word in line {line.number}: {key[:40]!a}")
        if key in found:
            raise cube_error(path, f"has {key} twice, in lines {found[key].number} and {line.number}")
        found[key] = line
    if "LUT_3D_SIZE" not in found:
        raise cube_error(path, "has no LUT_3D_SIZE")
    size = found["LUT_3D_SIZE"].words[1:]
    is_size = len(size) == 1 and size[0].isascii() and size[0].isdecimal() and len(size[0]) < 9
    if not is_size or not MIN_POINTS <= int(size[0]) <= MAX_POINTS:
        raise cube_error(path, f"has a LUT_3D_SIZE that is not a number from {MIN_POINTS} to {MAX_POINTS}")
    return int(size[0]), *domain_in(found, path)


def domain_in(found: dict[str, Line], path: Path) -> tuple[Color, Color]:
    """Return the colors of the table's both ends."""
    low, high = [0.0] * 3, [1.0] * 3
    if "LUT_3D_INPUT_RANGE" in found:
        ends = numbers_in(found["LUT_3D_INPUT_RANGE"].words[1:], 2, found["LUT_3D_INPUT_RANGE"], path)
        low, high = [ends[0]] * 3, [ends[1]] * 3
    if "DOMAIN_MIN" in found:
        low = numbers_in(found["DOMAIN_MIN"].words[1:], 3, found["DOMAIN_MIN"], path)
    if "DOMAIN_MAX" in found:
        high = numbers_in(found["DOMAIN_MAX"].words[1:], 3, found["DOMAIN_MAX"], path)
    if not all(abs(a) <= MAX_COLOR and abs(b) <= MAX_COLOR and b - a > 1e-6 for a, b in zip(low, high, strict=True)):
        raise cube_error(path, f"has a domain that does not rise: {low} to {high}")
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def read_colors(lines: Sequence[Line], path: Path) -> np.ndarray:
    """Return the colors, `(N, 3)`, in float64."""
    wrong = next((line for line in lines if len(line.words) != 3), None)
    if wrong is not None:
        raise cube_error(path, f"has {len(wrong.words)} words instead of 3 numbers in line {wrong.number}")
    try:
        colors = np.array([line.words for line in lines], dtype=np.float64).reshape(-1, 3)
    except ValueError:
        wrong = next(line for line in lines if not all(map(is_number, line.words)))
        numbers_in(wrong.words, 3, wrong, path)
        raise
    if not np.isfinite(colors).all():
        line = lines[int(np.isfinite(colors).all(1).argmin())]
        raise cube_error(path, f"has values that are not finite in line {line.number}")
    return colors


def numbers_in(words: Sequence[str], count: int, line: Line, path: Path) -> list[float]:
    """Return the numbers in a line, finite ones."""
    if len(words) != count or not all(map(is_number, words)) or not np.isfinite([float(word) for word in words]).all():
        raise cube_error(path, f"has no {count} numbers in line {line.number}")
    return [float(word) for word in words]


def is_number(word: str) -> bool:
    """Return whether a word is a number, perhaps infinite or none."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def cube_error(
    path: Path, what: str, todo: str = "the file is damaged, or no .cube file; export it again"
) -> StylerError:
    """Return the error for a file."""
    return StylerError(f"{path} {what}", todo)
