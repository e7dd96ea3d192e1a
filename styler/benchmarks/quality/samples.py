"""A sheet with the results of all tools side by side."""

from collections.abc import Sequence
from pathlib import Path

from styler.benchmarks.quality.pairs import Pair
from styler.benchmarks.quality.tools import Tool, tool_folder
from styler.images import Picture
from styler.images.contact_sheet import labelled_sheet
from styler.images.pixels import resize_to


def sample_sheet(pairs: Sequence[Pair], tools: Sequence[Tool], folder: Path, *, size: int = 224) -> Picture:
    """Return a labelled sheet: each content once, its style, and the result of each tool at its highest strength.

    Pictures are squares of `size` pixels; those of the tools are in subfolders of `folder`.
    """
    strongest = {one.name: one for one in sorted(tools, key=lambda one: one.alpha)}.values()
    labels = ["content", "style", *(one.name for one in strongest)]
    rows = [
        [x.content, x.style, *(tool_folder(one, folder) / x.name for one in strongest)]
        for x in one_pair_per_content(pairs)
    ]
    pictures = [[Picture.of(resize_to(Picture.open(path).samples, (size, size))) for path in row] for row in rows]
    return labelled_sheet(pictures, [labels] * len(rows))


def one_pair_per_content(pairs: Sequence[Pair]) -> list[Pair]:
    """Return one pair for each content, cycling through the styles."""
    contents = list(dict.fromkeys(pair.content for pair in pairs))
    styles = list(dict.fromkeys(pair.style for pair in pairs))
    return [Pair(content, styles[number % len(styles)]) for number, content in enumerate(contents)]
