"""Colors of every picture as sRGB, and back in a picture's own profile: 8 or 16 bits, by LittleCMS in libvips."""

import io
import struct
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import ImageCms

from styler.images.libvips import samples_of, vips

# The color space that a profile is for, and the bands of such colors.
_BANDS = {"GRAY": 1, "RGB ": 3, "CMYK": 4}
_HOW = {"intent": "relative", "black_point_compensation": True}
_BITS = {"uchar": 8, "ushort": 16}
_LEVELS = np.arange(0, 256, 17, dtype=np.uint8)


def srgb(image: Any, icc: bytes | None) -> Any:
    """Return a libvips picture of grey, RGB or CMYK without alpha in sRGB: one band where it is grey, else three.

    A broken profile, or one for another color space than the picture's, counts as none; none is sRGB, and for CMYK
    plain complements.
    """
    bands = image.bands
    if bands == 1 and _bands(icc) == 3:
        image = image.bandjoin([image, image]).copy(interpretation="srgb" if image.format == "uchar" else "rgb16")
    if _bands(icc) == image.bands and not (image.bands == 3 and is_srgb(icc)):
        converted = _with_profile(image, icc).icc_transform("srgb", embedded=True, depth=_BITS[image.format], **_HOW)
        return converted[1] if image.bands == 1 else converted
    if bands == 4:
        full = 255 if image.format == "uchar" else 65535
        return ((full - image[:3]) * (full - image[3]) / full).rint().cast(image.format)
    return image[0] if bands == 1 else image


def own(image: Any, icc: bytes) -> Any:
    """Return a libvips picture in sRGB without alpha as a profile for which `is_writable` has it."""
    if is_srgb(icc):
        return image
    connected = image.icc_import(input_profile="srgb", **_HOW)
    return _with_profile(connected, icc).icc_export(depth=_BITS[image.format], **_HOW)


@lru_cache(maxsize=8)
def is_writable(icc: bytes | None) -> bool:
    """Return whether RGB can be written in a profile: not if it is broken, or knows only the way from its colors."""
    try:
        return _bands(icc) == 3 and icc is not None and bool(_with_profile(own(_lattice(), icc), icc).pngsave_buffer())
    except vips().Error:
        return False


def is_wide(icc: bytes | None) -> bool:
    """Return whether RGB with this profile is converted to sRGB, which may lack some of its colors, and back."""
    return not is_srgb(icc) and is_writable(icc)


@lru_cache(maxsize=8)
def is_srgb(icc: bytes | None) -> bool:
    """Return whether RGB samples with this profile, or with one that can't be applied, are sRGB to 1/255."""
    if _bands(icc) != 3:
        return True
    try:
        converted = _with_profile(_lattice(), icc).icc_transform("srgb", embedded=True, depth=8, **_HOW)
        return int(abs(samples_of(converted).astype(int) - samples_of(_lattice())).max()) <= 1
    except vips().Error:
        return True


def _bands(icc: bytes | None) -> int:
    """Return how many bands the colors have that a profile is for; 0 if it is broken, or for others."""
    try:
        space = ImageCms.getOpenProfile(io.BytesIO(icc)).profile.xcolor_space if icc else ""
    except (OSError, ValueError, ImageCms.PyCMSError):
        return 0
    return _BANDS.get(space, 0)


def _with_profile(image: Any, icc: bytes | None) -> Any:
    image = image.copy()
    image.set_type(vips().GValue.blob_type, "icc-profile-data", icc)
    return image


def _lattice() -> Any:
    lattice = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS), axis=-1).reshape(256, 16, 3)
    return vips().Image.new_from_array(lattice, interpretation="srgb")


def _adobe_rgb() -> bytes:
    """Return a profile of Adobe RGB (1998), which neither library has: matrix and gamma (ICC.1:2001-04)."""
    text = b"compatible with Adobe RGB (1998)\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text" + bytes(4) + b"no copyright, use freely\0",
    }
    places = {b"wtpt": (0.9642, 1, 0.8249), b"rXYZ": (0.60974, 0.31111, 0.01947)}
    places |= {b"gXYZ": (0.20528, 0.62567, 0.06087), b"bXYZ": (0.14919, 0.06322, 0.74457)}
    tags |= {name: b"XYZ " + bytes(4) + _fixed(*xyz) for name, xyz in places.items()}
    tags |= {name: b"curv" + struct.pack(">IIHH", 0, 1, 563, 0) for name in (b"rTRC", b"gTRC", b"bTRC")}  # 563/256
    table, data, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI12s", start + len(data), b"", 0x02100000, b"mntrRGB XYZ ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + _fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


ADOBE_RGB = _adobe_rgb()
