"""16 bits a channel in colour, of which Pillow keeps 8."""

import re
import sys
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

# Pillow's unpackers of 16 bits keep the high byte; so that of the other byte order keeps the low one.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def low_bytes(file: BinaryIO) -> np.ndarray | None:
    """Return the low bytes, `(H, W, C)`, of a PNG or TIFF in RGB or RGBA with 16 bits a channel.

    None for every other picture: with 8 bits, grey (Pillow keeps all 16), 16 bits in CMYK, in grey with
    alpha, or premultiplied. It decodes the file a second time, to put beside what Pillow calls the picture.
    """
    with Image.open(file, formats=("PNG", "TIFF")) as picture:
        swapped = [_of_low_bytes(tile) for tile in picture.tile]
        tiles = [tile for tile in swapped if tile is not None]
        if not tiles or len(tiles) < len(swapped):
            return None
        picture.tile = tiles
        return np.asarray(picture)


def _of_low_bytes(tile: ImageFile._Tile) -> ImageFile._Tile | None:
    raw_mode, *rest = (tile.args,) if isinstance(tile.args, str) else tile.args or ("",)
    match = re.fullmatch(r"(RGBA?;16)([BLN])", raw_mode)
    if match is None:
        return None
    swapped = match[1] + _OTHER_ORDER[match[2]]
    return tile._replace(args=(swapped, *rest) if rest else swapped)
