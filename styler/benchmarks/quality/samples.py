"""A sheet of what contenders made, side by side."""

from collections.abc import Sequence
from pathlib import Path

from styler.benchmarks.quality.contenders import Contender, folder_of
from styler.benchmarks.quality.pairs import Pair
from styler.images import Picture
from styler.images.contact_sheet import labelled_sheet
from styler.images.pixels import resize_to


def sample_sheet(pairs: Sequence[Pair], contenders: Sequence[Contender], folder: Path, *, size: int = 224) -> Picture:
    """Return a labelled sheet: each content once, its style, what each contender made at most strength.

    Pictures are squares of `size` pixels; those of the contenders are below `folder`.
    """
    strongest = {one.name: one for one in sorted(contenders, key=lambda one: one.alpha)}.values()
    labels = ["content", "style", *(one.name for one in strongest)]
    rows = [[x.content, x.style, *(folder_of(one, folder) / x.name for one in strongest)] for x in diagonal(pairs)]
    pictures = [[Picture.of(resize_to(Picture.open(path).samples, (size, size))) for path in row] for row in rows]
    return labelled_sheet(pictures, [labels] * len(rows))


def diagonal(pairs: Sequence[Pair]) -> list[Pair]:
    """Return one pair for each content, with as many of the styles as there are."""
    contents = list(dict.fromkeys(pair.content for pair in pairs))
    styles = list(dict.fromkeys(pair.style for pair in pairs))
    return [Pair(content, styles[number % len(styles)]) for number, content in enumerate(contents)]
