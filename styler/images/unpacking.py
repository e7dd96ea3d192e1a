"""libvips' pictures as samples: upright, in sRGB, in as many bits as the file has. Does not import torch."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from styler.images.color_profile import srgb
from styler.images.libvips import samples_of
from styler.images.metadata import Metadata

_COLOR_BANDS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb16": 3, "cmyk": 4}
_INTEGERS = ("uchar", "ushort")
_PIXELS = 1 << 20
"""Pixels that are converted at once, so that it takes little memory."""


class Unpacked(NamedTuple):
    """The samples of a picture, `(3, H, W)`, `(1, H, W)` if it is grey, its alpha, `(1, H, W)`, and its metadata."""

    samples: np.ndarray
    alpha: np.ndarray | None
    metadata: Metadata


def can_unpack(image: Any) -> bool:
    """Return whether it is known what colors a picture's samples mean: not Lab, nor floats that may be any light."""
    return image.interpretation in _COLOR_BANDS and (image.format in _INTEGERS or image.bands == 1)


def unpack(
    image: Any, metadata: Metadata, orientation: int = 1, *, has_alpha: bool = True, in_srgb: bool = True
) -> Unpacked:
    """Return the samples of a picture for which `can_unpack`, turned upright and converted to sRGB.

    Colors under transparent pixels stay as they are. Integers beyond 16 bits and floats beyond [0, 1] are stretched
    from their least to their greatest value.

    Args:
        image: What libvips opened, to be read once from the top.
        metadata: Its profile is applied.
        orientation: As EXIF counts, 1 is upright.
        has_alpha: Whether a band behind those of colors is alpha; else it is left out.
        in_srgb: Whether colors are converted to sRGB, or RGB stays in its own profile.
    """
    bands = _COLOR_BANDS[image.interpretation]
    if image.format not in _INTEGERS:
        pieces = iter([stretched(samples_of(image))])
    else:
        colors = image.extract_band(0, n=bands)
        colors = srgb(colors, metadata.icc) if in_srgb or bands != 3 else colors
        has_alpha = has_alpha and image.bands > bands
        pieces = _strips(colors.bandjoin(image[bands]) if has_alpha else colors)
    planes = _upright(pieces, (image.width, image.height), orientation)
    num_colors = 3 if len(planes) > 2 else 1
    alpha = planes[num_colors:]
    return Unpacked(planes[:num_colors], alpha if alpha.size else None, metadata)


def _strips(image: Any) -> Iterator[np.ndarray]:
    """Yield a picture from top to bottom, in pieces `(h, W, C)`."""
    step = max(1, _PIXELS // image.width)
    for top in range(0, image.height, step):
        yield samples_of(image, top, min(step, image.height - top))


def stretched(samples: np.ndarray) -> np.ndarray:
    """Return grey integers as uint16, floats as float32 in [0, 1], stretched if they do not fit; infinities are 0."""
    floats = samples.dtype.kind == "f"
    samples = np.nan_to_num(samples, posinf=0, neginf=0) if floats else samples
    low, high = float(samples.min()), float(samples.max())
    if low < 0 or high > (1 if floats else 65535):  # in float64: the span may be beyond float32's
        return (np.subtract(samples, low, dtype=np.float64) / (high - low or 1)).astype(np.float32)
    return samples.astype(np.float32 if floats else np.uint16)


def _upright(pieces: Iterator[np.ndarray], size: tuple[int, int], orientation: int) -> np.ndarray:
    """Return `(C, H, W)` as EXIF means it to be seen; pieces go to their place, without another copy."""
    whole, top = np.empty(0), 0
    for piece in pieces:
        if not top:
            whole = np.empty((piece.shape[-1], *(size if orientation > 4 else size[::-1])), piece.dtype)
        _as_stored(whole, orientation)[:, top : top + len(piece)] = np.moveaxis(piece, -1, 0)
        top += len(piece)
    return whole


def _as_stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """Return a view whose rows are those of the file: flipped, then from 5 on mirrored on its diagonal."""
    across, down = (slice(None, None, -1 if orientation in flipped else 1) for flipped in ((2, 3, 6, 7), (3, 4, 7, 8)))
    view = upright[:, down, across]
    return view.swapaxes(-1, -2) if orientation > 4 else view
