"""Sheets of small labelled pictures, to choose from and to compare."""

from collections.abc import Callable, Sequence
from math import ceil

from PIL import Image, ImageDraw, ImageFont

from styler.choices import LEVELS, Level
from styler.images.picture import Picture

ALPHAS = (0.25, 0.5, 0.75, 1.0)
SIZE = 320
"""Longer side of each picture, in pixels."""

MARGIN, LINE = 12, 24


def contact_sheet(
    stylized: Callable[[float, Sequence[Level]], Picture], levels: Sequence[Level], *, known: Sequence[Level] = LEVELS
) -> Picture:
    """Return a labelled sheet: a row for all levels, one for all but the coarsest, and so on.

    Args:
        stylized: Returns the picture for a strength and levels.
        levels: From coarse to fine.
        known: All levels of the model.
    """
    rows = [levels[first:] for first in range(len(levels))]
    pictures = [[stylized(alpha, row) for alpha in ALPHAS] for row in rows]
    return labelled_sheet(pictures, [[label(alpha, row, known=known) for alpha in ALPHAS] for row in rows])


def labelled_sheet(rows: Sequence[Sequence[Picture]], labels: Sequence[Sequence[str]]) -> Picture:
    """Return rows of pictures, all of one size, each with its label above."""
    pictures = [[picture.pil() for picture in row] for row in rows]
    font = ImageFont.load_default()
    (width, height), longest = pictures[0][0].size, max(font.getlength(text) for line in labels for text in line)
    across, down = max(width, ceil(longest)) + MARGIN, height + LINE + MARGIN
    sheet = Image.new("RGB", (MARGIN + across * len(rows[0]), MARGIN + down * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for y, (texts, line) in enumerate(zip(labels, pictures, strict=True)):
        for x, (text, picture) in enumerate(zip(texts, line, strict=True)):
            place = MARGIN + x * across, MARGIN + y * down
            sheet.paste(picture, (place[0], place[1] + LINE), picture if picture.mode == "RGBA" else None)
            draw.text((place[0], place[1] + 4), text, fill="black", font=font)
    return Picture.of(sheet)


def label(alpha: float, levels: Sequence[Level], *, known: Sequence[Level] = LEVELS) -> str:
    """Return what a picture was made with, as options of the command line; `known` are all levels of the model."""
    return f"--alpha {alpha:g}  {'all levels' if len(levels) == len(known) else ','.join(levels)}"
