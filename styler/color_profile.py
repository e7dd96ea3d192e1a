"""Colours of every picture as sRGB."""

import io

from PIL import Image, ImageCms

# What Pillow raises for a broken profile.
_BROKEN = (ImageCms.PyCMSError, OSError, SyntaxError, ValueError, TypeError)
# The colour space that a profile is for, and the mode in which Pillow gives it such colours.
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}


def srgb(picture: Image.Image) -> Image.Image:
    """Return a picture of any 8-bit mode as sRGB, converted from its embedded profile; alpha is dropped.

    A broken profile, or one for another colour space than the picture's, counts as none, and none as sRGB.
    """
    icc = picture.info.get("icc_profile")
    converted = _from_profile(picture, icc) if icc else None
    if converted is None:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    return converted


def _from_profile(picture: Image.Image, icc: bytes) -> Image.Image | None:
    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(icc))
        mode = _MODES.get(profile.profile.xcolor_space.strip())
        if mode is None or mode != _own_mode(picture, grey=mode == "L"):
            return None
        return ImageCms.profileToProfile(
            picture.convert(mode),
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except _BROKEN:
        return None


def _own_mode(picture: Image.Image, *, grey: bool) -> str:
    if picture.mode in ("CMYK", "LAB"):
        return picture.mode
    return "L" if grey and picture.getbands()[0] in ("1", "L") else "RGB"
