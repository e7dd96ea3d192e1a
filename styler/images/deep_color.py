"""16 bits a channel in colour, of which Pillow keeps 8."""

import re
import sys
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from styler.images.picture_file import opened
from styler.images.pieces import boxes

# Pillow's unpackers of 16 bits keep the high byte; so that of the other byte order keeps the low one.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def is_deep(picture: Image.Image) -> bool:
    """Return whether a picture, opened but not loaded, is RGB or RGBA with 16 bits a channel.

    Not so grey (Pillow keeps all 16), CMYK, grey with alpha, and premultiplied colours.
    """
    return bool(_low_tiles(picture))


def low_bytes(file: BinaryIO) -> np.ndarray:
    """Return the low bytes, `(H, W, C)`, of a file for which `is_deep`, decoding it once more."""
    with opened(file) as picture:
        picture.tile = _low_tiles(picture)
        picture.load()
        low = np.empty((picture.height, picture.width, len(picture.getbands())), np.uint8)
        for left, top, right, bottom in boxes(picture.size):
            low[top:bottom, left:right] = picture.crop((left, top, right, bottom))
        return low


def _low_tiles(picture: Image.Image) -> list[ImageFile._Tile]:
    tiles = [_of_low_bytes(tile) for tile in getattr(picture, "tile", [])]
    return [] if None in tiles else [tile for tile in tiles if tile is not None]


def _of_low_bytes(tile: ImageFile._Tile) -> ImageFile._Tile | None:
    raw_mode, *rest = (tile.args,) if isinstance(tile.args, str) else tile.args or ("",)
    match = re.fullmatch(r"(RGBA?;16)([BLN])", raw_mode) if isinstance(raw_mode, str) else None
    if match is None:
        return None
    swapped = match[1] + _OTHER_ORDER[match[2]]
    return tile._replace(args=(swapped, *rest) if rest else swapped)
