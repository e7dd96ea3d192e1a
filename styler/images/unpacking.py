"""Pillow's pictures of every mode as samples: upright, in sRGB, in as many bits as the file has."""

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, cast

import numpy as np
import torch
from PIL import ExifTags, Image
from torch import Tensor

from styler.images.color_profile import is_srgb, srgb_conversion
from styler.images.matrix_profile import matrix_profile, srgb_from
from styler.images.metadata import Metadata, read_metadata
from styler.images.pieces import boxes

# What Pillow raises for damaged files and metadata: down to RuntimeError seen when 40,000 mutated files were
# loaded, the rest raised in its decoders' own code.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    RuntimeError,
    EOFError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)

# Boxes of a picture, with their samples `(h, w, C)` in sRGB and their alpha `(h, w)`.
Pieces = Iterator[tuple[tuple[int, int, int, int], np.ndarray, np.ndarray | None]]


class Unpacked(NamedTuple):
    """The samples of a picture, `(1, 3, H, W)`, its alpha, `(1, 1, H, W)`, and its metadata, see `Picture`."""

    samples: Tensor
    alpha: Tensor | None
    metadata: Metadata


def unpack(picture: Image.Image, low_bytes: np.ndarray | None = None, metadata: Metadata | None = None) -> Unpacked:
    """Return a decoded Pillow picture of any mode, turned upright and converted to sRGB.

    Colours under transparent pixels stay as they are. Integers beyond 16 bits and floats beyond [0, 1] are
    stretched from their least to their greatest value.

    Args:
        picture: Its embedded profile is applied. Grey of more than 8 bits passes over it.
        low_bytes: What `deep_color.low_bytes` found in its file. With them colours keep 16 bits, unless the
            profile is made of tables, which are applied in 8.
        metadata: What `read_metadata` found in its file; by default that of the picture.
    """
    metadata = read_metadata(picture.info) if metadata is None else metadata
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        pieces = _grey_pieces(picture)
    elif low_bytes is not None and (own := _deep_conversion(metadata.icc)):
        pieces = _deep_pieces(picture, low_bytes, own)
    else:
        pieces = _color_pieces(picture)
    samples, alpha = _upright(pieces, picture.size, _orientation(picture))
    return Unpacked(samples.expand(1, 3, -1, -1), alpha, metadata)


def _grey_pieces(picture: Image.Image) -> Pieces:
    transparent = picture.info.get("transparency")
    crops = (np.asarray(picture.crop(box)) for box in boxes(picture.size))
    if picture.mode == "F":
        spans, full = [(_finite(crop).min(), _finite(crop).max()) for crop in crops], 1
    else:
        spans, full = [(crop.min(), crop.max()) for crop in crops], 65535
    low, high = min(float(span[0]) for span in spans), max(float(span[1]) for span in spans)
    for box in boxes(picture.size):
        crop = np.asarray(picture.crop(box))
        alpha = None if transparent is None else np.where(crop == transparent, 0, 255).astype(np.uint8)
        samples = _finite(crop) if picture.mode == "F" else crop
        if low < 0 or high > full:  # in float64: the span may be beyond float32's
            samples = (np.subtract(samples, low, dtype=np.float64) / (high - low or 1)).astype(np.float32)
        elif picture.mode != "F":
            samples = samples.astype(np.uint16)
        yield box, samples[..., None], alpha


def _finite(samples: np.ndarray) -> np.ndarray:
    return np.nan_to_num(samples, posinf=0, neginf=0)


def _deep_conversion(icc: bytes | None) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return what brings `(3, N)` samples of 16 bits to sRGB, or None if that is only known in 8."""
    if is_srgb(icc):
        return lambda samples: samples
    profile = matrix_profile(icc)
    return None if profile is None else partial(srgb_from, profile)


def _deep_pieces(picture: Image.Image, low_bytes: np.ndarray, own: Callable[[np.ndarray], np.ndarray]) -> Pieces:
    transparent = picture.info.get("transparency")
    for box in boxes(picture.size):
        left, top, right, bottom = box
        samples = np.asarray(picture.crop(box)) * np.uint16(256) + low_bytes[top:bottom, left:right]
        colors, alpha = samples[..., :3], samples[..., 3] if samples.shape[-1] == 4 else None
        if transparent is not None:
            alpha = np.where((colors == np.array(transparent)).all(axis=-1), 0, 65535).astype(np.uint16)
        yield box, own(colors.reshape(-1, 3).T).T.reshape(colors.shape), alpha


def _color_pieces(picture: Image.Image) -> Pieces:
    mode = {"PA": "RGBA", "RGBa": "RGBA", "La": "LA"}.get(picture.mode, picture.mode)
    mode = mode if picture.info.get("transparency") is None else "RGBA"
    convert = srgb_conversion(mode, picture.info.get("icc_profile"))
    for box in boxes(picture.size):
        crop = picture.crop(box)
        crop = crop if crop.mode == mode else crop.convert(mode)
        yield box, np.asarray(convert(crop)), np.asarray(crop.getchannel("A")) if mode in ("LA", "RGBA") else None


def _orientation(picture: Image.Image) -> object:
    try:
        return picture.getexif().get(ExifTags.Base.Orientation)
    except DAMAGED:
        return None


def _upright(pieces: Pieces, size: tuple[int, int], orientation: object) -> tuple[Tensor, Tensor | None]:
    """Return samples and alpha as EXIF means them to be seen; pieces go to their place, without another copy."""
    planes: dict[str, np.ndarray] = {}
    for (left, top, right, bottom), samples, alpha in pieces:
        for name, part in (("samples", samples), ("alpha", None if alpha is None else alpha[..., None])):
            if part is not None:
                whole = planes.setdefault(name, _empty(part, size, turned=orientation in (5, 6, 7, 8)))
                _as_stored(whole, orientation)[:, top:bottom, left:right] = np.moveaxis(part, -1, 0)
    samples, alpha = (None if x is None else torch.from_numpy(x)[None] for x in map(planes.get, ("samples", "alpha")))
    return cast("Tensor", samples), alpha


def _empty(part: np.ndarray, size: tuple[int, int], *, turned: bool) -> np.ndarray:
    return np.empty((part.shape[-1], *(size if turned else size[::-1])), part.dtype.newbyteorder("="))


def _as_stored(upright: np.ndarray, orientation: object) -> np.ndarray:
    """Return a view whose rows are those of the file: flipped, then from 5 on mirrored on its diagonal."""
    across, down = (slice(None, None, -1 if orientation in flipped else 1) for flipped in ((2, 3, 6, 7), (3, 4, 7, 8)))
    view = upright[:, down, across]
    return view.swapaxes(-1, -2) if orientation in (5, 6, 7, 8) else view
