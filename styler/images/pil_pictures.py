"""PIL pictures as libvips' pictures, and what they say beside their pixels. Does not import torch."""

from typing import Any

import numpy as np
from PIL import Image

from styler.images.libvips import vips


def vips_of_pil(picture: Image.Image) -> Any:
    """Return a PIL picture of any mode as libvips' picture: grey, RGB or CMYK, with alpha if it has some."""
    array = np.asarray(_plain(picture))
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    grey = "grey16" if array.dtype == np.uint16 else "b-w"
    kind = "cmyk" if picture.mode == "CMYK" else grey if array.ndim == 2 or array.shape[2] < 3 else "srgb"
    return vips().Image.new_from_array(array, interpretation=kind)


def _plain(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        return picture
    mode = {"1": "L", "PA": "RGBA", "RGBa": "RGBA", "La": "LA"}.get(picture.mode, picture.mode)
    if picture.info.get("transparency") is not None:
        mode = "RGBA"
    mode = mode if mode in ("L", "LA", "RGB", "RGBA", "CMYK") else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def pil_fields(picture: Image.Image) -> dict[str, Any]:
    """Return what a PIL picture says beside its pixels, named as libvips does."""
    names = {"exif": "exif-data", "xmp": "xmp-data", "icc_profile": "icc-profile-data"}
    found = {ours: picture.info.get(theirs) for theirs, ours in names.items()}
    try:
        orientation = picture.getexif().get(274)
    except (OSError, SyntaxError, ValueError, IndexError, RuntimeError, KeyError, TypeError, OverflowError, EOFError):
        orientation = None  # what Pillow raises for broken EXIF
    return {name: value for name, value in found.items() if isinstance(value, bytes)} | {"orientation": orientation}
