"""TIFF files, written row by row: 8 or 16 bits, in little memory, with what describes them. Pillow knows no 16 bits."""

import struct
import zlib
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

from styler.errors import StylerError
from styler.images.exif import Exif, Tag, header, packed

_SHORT, _LONG, _UNDEFINED, _BYTE = 3, 4, 7, 1
_XMP, _ICC = 700, 34675


def write_tiff(
    file: BinaryIO,
    rows: Iterable[np.ndarray],
    size: tuple[int, int],
    *,
    exif: Exif | None = None,
    xmp: bytes | None = None,
    icc: bytes | None = None,
) -> None:
    """Write a picture in RGB or RGBA, deflated with a predictor.

    Args:
        file: Seekable; the last thing written is where in it the directory lies.
        rows: The picture from top to bottom, in pieces `(h, W, C)` of uint8 or uint16: a strip each, all of
            one height but the last.
        size: Width and height.
        exif: Its tags go into the directory, and its byte order is that of the file.
        xmp: See `Metadata`, as for `icc`.

    Raises:
        StylerError: If the file would be beyond 4 GiB.

    Reference:
        TIFF Revision 6.0, with the technical notes on Deflate and the Exif directory.
    """
    exif = exif or Exif()
    order = exif.order
    file.write(header(order, 0))
    offsets, lengths, shape, dtype = [], [], (0, 0, 3), np.dtype(np.uint8)
    position = 8
    for piece in rows:
        if not offsets:
            shape, dtype = piece.shape, piece.dtype
        strip = zlib.compress(_differences(piece).astype(dtype.newbyteorder(order)).tobytes())
        offsets.append(position)
        lengths.append(len(strip))
        position += file.write(strip)
    position += file.write(bytes(position % 2))
    if position > 0xFFFFFFFF - (1 << 24):
        raise StylerError(f"TIFF cannot hold {size[0]}×{size[1]} pixels (it ends at 4 GiB)", "write PNG")
    longs = f"{order}{len(offsets)}I"
    tags = exif.tags | {
        256: _number(order, size[0]),
        257: _number(order, size[1]),
        258: _shorts(order, [8 * dtype.itemsize] * shape[2]),
        259: _shorts(order, [8]),  # deflate
        262: _shorts(order, [2]),  # RGB
        273: Tag(_LONG, len(offsets), struct.pack(longs, *offsets)),
        277: _shorts(order, [shape[2]]),
        278: _number(order, shape[0]),
        279: Tag(_LONG, len(lengths), struct.pack(longs, *lengths)),
        317: _shorts(order, [2]),  # differences along a row
        **({338: _shorts(order, [2])} if shape[2] == 4 else {}),  # alpha that colours are not multiplied with
        **({_XMP: Tag(_BYTE, len(xmp), xmp)} if xmp else {}),
        **({_ICC: Tag(_UNDEFINED, len(icc), icc)} if icc else {}),
    }
    file.write(packed(tags, order, position))
    file.seek(0)
    file.write(header(order, position))


def _differences(piece: np.ndarray) -> np.ndarray:
    differences = piece.copy()
    differences[:, 1:] -= piece[:, :-1]
    return differences


def _number(order: str, value: int) -> Tag:
    return Tag(_LONG, 1, struct.pack(order + "I", value))


def _shorts(order: str, values: list[int]) -> Tag:
    return Tag(_SHORT, len(values), struct.pack(f"{order}{len(values)}H", *values))
