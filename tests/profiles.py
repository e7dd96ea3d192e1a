"""Color profiles, and pictures that carry them."""

import struct

import numpy as np
from PIL import Image, ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_primaries(*primaries):
    """sRGB's profile with other primaries, each as XYZ."""
    icc = bytearray(SRGB)
    for tag, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        (offset,) = struct.unpack_from(">I", icc, icc.index(tag) + 4)
        struct.pack_into(">3i", icc, offset + 8, *(round(x * 65536) for x in xyz))
    return bytes(icc)


# sRGB's primaries, adapted to D50.
RED, GREEN, BLUE = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)
P3 = (0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)
DISPLAY_P3 = with_primaries(*P3)
SWAPPED = with_primaries(GREEN, RED, BLUE)


def noise(mode="RGB", *, icc=None):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)).convert(mode)
    if icc is not None:
        picture.info["icc_profile"] = icc
    return picture
