"""PNG files, written row by row: 8 or 16 bits, in little memory.

Pillow writes 16 bits in grey only, and takes a whole picture in a form of its own.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np


def write_png(
    file: BinaryIO, rows: Iterable[np.ndarray], size: tuple[int, int], chunks: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Write a picture in RGB or RGBA.

    Args:
        file: Written to from front to back.
        rows: The picture from top to bottom, in pieces `(h, W, C)` of uint8 or uint16.
        size: Width and height, each at most 2³¹ − 1.
        chunks: Names and contents of what stands before the picture.

    Reference:
        Portable Network Graphics (Third Edition), W3C 2025.
    """
    packer = zlib.compressobj(strategy=zlib.Z_RLE)  # of photographs, as small as the slow strategies make them
    above = None
    for piece in rows:
        height, width, channels = piece.shape
        if above is None:
            depth = 8 * piece.itemsize
            file.write(b"\x89PNG\r\n\x1a\n")
            _write(file, b"IHDR", struct.pack(">IIBBBBB", *size, depth, 6 if channels == 4 else 2, 0, 0, 0))
            for name, content in chunks:
                _write(file, name, content)
            above = np.zeros((1, width * channels * piece.itemsize), np.uint8)
        samples = np.ascontiguousarray(piece, piece.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
        _write(file, b"IDAT", packer.compress(_filtered(samples, above, channels * piece.itemsize)))
        above = samples[-1:]
    _write(file, b"IDAT", packer.flush())
    _write(file, b"IEND", b"")


def _write(file: BinaryIO, name: bytes, content: bytes) -> None:
    if content or name != b"IDAT":
        file.write(struct.pack(">I", len(content)) + name)
        file.write(content)
        file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(name))))


def _filtered(rows: np.ndarray, above: np.ndarray, bytes_per_pixel: int) -> bytes:
    """Return what Paeth's predictor leaves of rows of bytes: what is left, above or both is nearest to their sum."""
    up = np.concatenate([above, rows[:-1]]).astype(np.int16)
    left, corner = np.zeros_like(up), np.zeros_like(up)
    left[:, bytes_per_pixel:] = rows[:, :-bytes_per_pixel]
    corner[:, bytes_per_pixel:] = up[:, :-bytes_per_pixel]
    from_left, from_up = abs(up - corner), abs(left - corner)
    from_corner = abs(up + left - 2 * corner)
    best = np.where(from_up <= from_corner, up, corner)
    best = np.where((from_left <= from_up) & (from_left <= from_corner), left, best)
    filtered = np.full((len(rows), rows.shape[1] + 1), 4, np.uint8)  # 4 says Paeth
    filtered[:, 1:] = rows - best.astype(np.uint8)
    return filtered.tobytes()
