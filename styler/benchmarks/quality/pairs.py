"""The pairs to stylize: every content with every style, all of one size."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from pathlib import Path

from styler.files import sha256
from styler.images import Picture
from styler.training.data import evenly_spaced, find_pictures, load_square, split_held_out


@dataclass(frozen=True)
class Pair:
    """A content and a style, square PNG files of one size."""

    content: Path
    style: Path

    @property
    def name(self) -> str:
        """File name of its results."""
        return f"{self.content.stem}-{self.style.stem}.png"


def held_out_pictures(folder: Path, count: int) -> list[Path]:
    """Return at most `count` pictures of the folder, evenly spaced among those that `styler train` holds out.

    A folder with too few pictures to split has no held-out ones; then any of its pictures are used.

    Raises:
        StylerError: If the folder has no readable picture.
    """
    if folder.is_file():
        return [folder]
    found, _ = find_pictures(folder)
    _, held_out = split_held_out(found)
    return evenly_spaced(held_out, count)


def write_squares(paths: Sequence[Path], folder: Path, size: int) -> list[Path]:
    """Write the center squares of the pictures, resized to `size` pixels, to the folder, and return their paths.

    Their names include a hash of the picture, so that results of other pictures with the same name are not reused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / f"{path.stem}-{sha256(path)[:8]}-{size}.png" for path in paths]
    for path, square in zip(paths, written, strict=True):
        Picture.of(load_square(path, size)).save(square, overwrite=True)
    return written


def balanced_pairs(contents: Sequence[Path], styles: Sequence[Path], count: int) -> list[Pair]:
    """Return `count` pairs, always the same, in which each content and each style occurs about equally often."""
    pairs = all_pairs(contents, styles)
    period = lcm(len(contents), len(styles))
    chosen = [(k % len(contents), (k + k // period) % len(styles)) for k in range(min(count, len(pairs)))]
    return [Pair(contents[content], styles[style]) for content, style in chosen]


def all_pictures(folder: Path) -> list[Path]:
    """Return all pictures of a folder, sorted by name.

    Raises:
        StylerError: If the folder has no readable picture.
    """
    found, _ = find_pictures(folder)
    return found


def all_pairs(contents: Sequence[Path], styles: Sequence[Path]) -> list[Pair]:
    """Return every content with every style."""
    return [Pair(content, style) for content in contents for style in styles]
