"""Pictures piece by piece, so that what is converted at once is small beside them."""

from collections.abc import Iterator

PIXELS = 1 << 20


def boxes(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield boxes that cover a picture, (left, top, right, bottom), rows from the top."""
    width, height = size
    columns = min(width, PIXELS)
    rows = max(1, PIXELS // columns)
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            yield left, top, min(left + columns, width), min(top + rows, height)
