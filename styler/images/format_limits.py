"""Limits of the formats on the size of a picture, checked before long work."""

from styler.choices import FORMATS, Format
from styler.errors import StylerError

MAX_SIDE: dict[Format, int] = {"JPEG": 65_500, "WEBP": 16_383, "AVIF": 65_535}
"""Longest side in pixels; 65,500 is libjpeg's own limit, the format would hold 65,535."""

MAX_BYTES: dict[Format, int] = {"TIFF": 2**32 - 2**20}
"""Bytes of the uncompressed samples: offsets have 32 bits, and metadata stand beside the samples."""


def check_size(suffix: str, height: int, width: int, *, bytes_per_pixel: int = 3) -> None:
    """Raise a StylerError if a picture of this size can't be written as a file with this extension.

    Args:
        suffix: File extension, such as .webp; an unknown one is not checked.
        height: In pixels.
        width: In pixels.
        bytes_per_pixel: Channels times bytes of a sample.
    """
    format = FORMATS.get(suffix.lower())
    if format is None:
        return
    side, size = MAX_SIDE.get(format), f"{width}×{height}"
    if side is not None and max(height, width) > side:
        what = f"{format} cannot hold {size} pixels: at most {side:,} a side"
        raise StylerError(what, f"write PNG or TIFF, or choose --size {side} or less")
    if height * width * bytes_per_pixel > MAX_BYTES.get(format, height * width * bytes_per_pixel):
        raise StylerError(
            f"{format} cannot hold {size} pixels: it ends at 4 GiB", "write PNG, or choose a smaller size"
        )
