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


def grey_profile(gamma):
    """A profile of grey, of which the samples are light to the power of 1 / gamma."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(78 + 1),
        b"cprt": b"text" + bytes(4) + b"none\0\0\0\0",
        b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061),
        b"kTRC": b"curv" + struct.pack(">IIHH", 0, 1, round(gamma * 256), 0),
    }
    at, directory, data = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        directory += name + struct.pack(">II", at + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = bytearray(SRGB[:128])
    struct.pack_into(">I", head, 0, at + len(data))
    head[8:12], head[16:20], head[84:100] = b"\x02\x10\0\0", b"GRAY", bytes(16)
    return bytes(head) + struct.pack(">I", len(tags)) + directory + data
