"""What is judged on: every content in every style, all of one size."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from styler.files import sha256
from styler.images import Picture
from styler.training.data import find_pictures, load_square, split_held_out, spread


@dataclass(frozen=True)
class Pair:
    """A content and a style, square PNG files of one size."""

    content: Path
    style: Path

    @property
    def name(self) -> str:
        """What its results are called."""
        return f"{self.content.stem}-{self.style.stem}.png"


def chosen(folder: Path, count: int) -> list[Path]:
    """Return at most `count` pictures of the folder, spread over those that `styler train` holds out.

    Of a handful, which training would not split, they are simply the first.

    Raises:
        StylerError: If there are none.
    """
    if folder.is_file():
        return [folder]
    found, _ = find_pictures(folder)
    _, held_out = split_held_out(found)
    return spread(held_out, count)


def squares(paths: Sequence[Path], folder: Path, size: int) -> list[Path]:
    """Return the centre squares of the pictures, written to the folder at `size` pixels.

    Their names tell what they are made of, so that what was made of others is never taken for theirs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / f"{path.stem}-{sha256(path)[:8]}-{size}.png" for path in paths]
    for path, square in zip(paths, written, strict=True):
        Picture.of(load_square(path, size)).save(square, overwrite=True)
    return written


def pairs_of(contents: Sequence[Path], styles: Sequence[Path]) -> list[Pair]:
    """Return each content with each style."""
    return [Pair(content, style) for content in contents for style in styles]
