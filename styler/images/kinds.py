"""Kinds of picture files, told from their first bytes, and those that are not read here, with what to do."""

import re
from pathlib import Path

from styler.errors import StylerError

# What libvips reads, by the name of its loader, and what Pillow does, by that of its plugin.
_READ = {
    "jpeg": rb"\xff\xd8\xff",
    "png": rb"\x89PNG\r\n\x1a\n",
    "webp": rb"RIFF....WEBP",
    "tiff": rb"(II[*+]\0|MM\0[*+])(?!\x10\0\0\0CR)",
    "gif": rb"GIF8[79]a(?!\0\0)..(?!\0\0)",
    "heif": rb"....ftyp(avif|mif1.{8,20}avif)",
    "BMP": rb"BM",
    "PPM": rb"P[1-6fF]",
    "JPEG2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "AVIF": rb"....ftypavis",
    "HEIF": rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)",
    "JXL": rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
}
_RAW = "develop it in a raw converter (darktable, RawTherapee, the camera maker's), and save it there as 16-bit TIFF"
_NOT_READ = {
    rb"II\*\0\x10\0\0\0CR|IIU\0|IIR[OS]|MMOR|FUJIFILMCCD|FOVb|\0MRM|....ftypcrx": ("a raw file of a camera", _RAW),
    rb"8BPS": ("a Photoshop file", "save it there as PNG or TIFF, flattened"),
    rb"\s*(<\?xml[^>]*>\s*)?<svg": ("a vector drawing", "export it as PNG"),
    rb"v/1\x01|#\?RADIANCE|#\?RGBE": ("a picture with high dynamic range", "map its tones, and save it as 16-bit TIFF"),
    rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ": ("a video", "save a frame of it as PNG"),
}
_TGA = re.compile(rb".[\0\1][\1-\3\x09-\x0b]", re.DOTALL)


def kind_of(head: bytes, name: str) -> str:
    """Return the kind of a file from its first bytes.

    Raises:
        StylerError: If it is of none that is read here.
    """
    for kind, pattern in _READ.items():
        if re.match(pattern, head, re.DOTALL):
            return kind
    for pattern, (what, todo) in _NOT_READ.items():
        if re.match(pattern, head, re.DOTALL):
            raise StylerError(f"{name} is {what}, which styler does not read", todo)
    if Path(name).suffix.lower() == ".tga" and _TGA.match(head):
        raise StylerError(f"{name} is a TGA file, which styler does not read", "save it as PNG in a viewer")
    todo = "check it in a viewer, and save it there as PNG, JPEG, WebP, TIFF or AVIF"
    raise StylerError(f"{name} is no picture that can be read", todo)


def raw_error(name: str) -> StylerError:
    """Return the error for a TIFF whose photograph is raw data, behind a thumbnail."""
    return StylerError(f"{name} is a raw file of a camera, which styler does not read", _RAW)
