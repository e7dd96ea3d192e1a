"""Sizes of pictures that are resized. Does not import torch."""

from styler.choices import MAX_PIXELS, MAX_SIZE
from styler.errors import StylerError


def resized_size(height: int, width: int, size: int) -> tuple[int, int]:
    """Return the height and width that `Picture.resized` gives a picture, without its samples.

    Raises:
        StylerError: If it would be enlarged beyond `MAX_PIXELS`.
        ValueError: If the size is not a whole number from 1.
    """
    if type(size) is not int or not 1 <= size <= MAX_SIZE:
        raise ValueError(f"expected size from 1 to {MAX_SIZE} pixels, got {size!r}")
    if size * size * min(height, width) > max(MAX_PIXELS, height * width) * max(height, width):
        what = f"{width}×{height} pixels with a longer side of {size} are too many"
        raise StylerError(what, f"choose a size that gives at most {MAX_PIXELS / 1e6:.3g} megapixels")
    return scaled_size(height, width, size)


def scaled_size(height: int, width: int, size: int) -> tuple[int, int]:
    """Return height and width scaled so that the longer one is `size`, neither below 1."""
    scale = size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))
