"""Faces in the contents: their boxes, from a CSV file, and how much of them is lost."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from styler.errors import StylerError

COLUMNS = ("picture", "left", "top", "right", "bottom")


class Face(NamedTuple):
    """A box as shares of the side of the picture's center square, from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    def cells(self, features: Tensor) -> Tensor:
        """Return the cells of a feature map `(..., h, w)` that the box touches, one at least."""
        height, width = features.shape[-2:]
        rows = slice(int(self.top * height), max(int(self.top * height) + 1, round(self.bottom * height)))
        columns = slice(int(self.left * width), max(int(self.left * width) + 1, round(self.right * width)))
        return features[..., rows, columns]


def read_faces(path: Path) -> dict[str, list[Face]]:
    """Return the faces by name of the picture, without its file extension.

    Raises:
        StylerError: If the file can't be read, or a box is none.
    """
    faces: dict[str, list[Face]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                face = Face(*(float(row[name]) for name in COLUMNS[1:]))
                if not (0 <= face.left < face.right <= 1 and 0 <= face.top < face.bottom <= 1):
                    raise ValueError(f"{face} is no box")
                faces.setdefault(Path(row["picture"]).stem, []).append(face)
    except (OSError, ValueError, KeyError, TypeError) as error:
        todo = f"write a line a face, with the columns {','.join(COLUMNS)}, shares from 0 to 1"
        raise StylerError(f"can't read faces from {path}: {error}", todo) from error
    return faces


def faces_left(result: Tensor, content: Tensor, style: Tensor, faces: Sequence[Face]) -> float | None:
    """Return `content_left` within the faces, averaged over them; None without any.

    Args:
        result: Unit vectors of the judge's coarsest map, `(1, C, h, w)`.
        content: The same of the content.
        style: The same of the style, whose distance, over the whole picture, is 1.
        faces: Boxes in the content.
    """
    if not faces:
        return None
    whole = (style - content).square().mean()
    lost = [(face.cells(result) - face.cells(content)).square().mean() / whole for face in faces]
    return float(sum(lost) / len(lost))


def faces_of(square: Path, faces: Mapping[str, Sequence[Face]]) -> Sequence[Face]:
    """Return the faces of a square by `write_squares`, named after its picture, a hash and a size."""
    return faces.get(square.stem.rsplit("-", 2)[0], ())
