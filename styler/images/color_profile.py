"""Colours of every picture as sRGB, and back in a picture's own profile. In 8 bits, which is what Pillow converts."""

import io
from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import Image, ImageCms

# What Pillow raises for a broken profile.
_BROKEN = (ImageCms.PyCMSError, OSError, SyntaxError, ValueError, TypeError)
# The colour space that a profile is for, and the mode in which Pillow gives it such colours.
Mode = Literal["RGB", "L", "CMYK", "LAB"]
_MODES: dict[str, Mode] = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
_LEVELS = np.arange(0, 256, 17, dtype=np.uint8)

Conversion = Callable[[Image.Image], Image.Image]


def srgb(picture: Image.Image) -> Image.Image:
    """Return a picture of any 8-bit mode as sRGB, converted from its embedded profile; alpha is dropped."""
    return srgb_conversion(picture.mode, picture.info.get("icc_profile"))(picture)


def srgb_conversion(mode: str, icc: bytes | None) -> Conversion:
    """Return what makes a picture of this 8-bit mode, or pieces of it, sRGB without alpha.

    A broken profile, or one for another colour space than the picture's, counts as none, and none as sRGB.
    """
    profile, own = _profile_and_mode(icc)
    if profile is None or own is None or own != _own_mode(mode, grey=own == "L"):
        return _in_rgb
    convert = _transform(profile, _srgb_profile(), own)
    if convert is None or (own == "RGB" and _changes_nothing(convert)):
        return _in_rgb
    return lambda picture: convert(picture.convert(own))


def own_conversion(icc: bytes | None) -> Conversion | None:
    """Return what brings pictures from sRGB to a profile, or None if the profile is not for writing RGB.

    It is not if it is broken, of another colour space, or knows only the way from its colours to others.
    """
    profile, own = _profile_and_mode(icc)
    if profile is None or own != "RGB":
        return None
    convert = _transform(_srgb_profile(), profile, "RGB")
    return _in_rgb if convert is not None and _changes_nothing(convert) else convert


def is_srgb(icc: bytes | None) -> bool:
    """Return whether RGB samples with this profile, or without one, are sRGB to 1/255."""
    return srgb_conversion("RGB", icc) is _in_rgb


def _profile_and_mode(icc: bytes | None) -> tuple[ImageCms.ImageCmsProfile | None, Mode | None]:
    """Return a profile, or None if it is broken, and the mode of the pictures that it is for."""
    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(icc)) if icc else None
        return profile, _MODES.get(profile.profile.xcolor_space.strip()) if profile else None
    except _BROKEN:
        return None, None


def _srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _transform(source: ImageCms.ImageCmsProfile, target: ImageCms.ImageCmsProfile, mode: Mode) -> Conversion | None:
    try:
        transform = ImageCms.buildTransform(
            source,
            target,
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except _BROKEN:
        return None
    return transform.apply


def _in_rgb(picture: Image.Image) -> Image.Image:
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _changes_nothing(convert: Conversion) -> bool:
    """Return whether a lattice over all colours stays, to one level."""
    lattice = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS), axis=-1).reshape(16, -1, 3)
    difference = np.asarray(convert(Image.fromarray(lattice))).astype(int) - lattice
    return int(abs(difference).max()) <= 1


def _own_mode(mode: str, *, grey: bool) -> str:
    if mode in ("CMYK", "LAB"):
        return mode
    return "L" if grey and mode in ("1", "L", "LA", "La") else "RGB"
