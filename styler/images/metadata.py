"""What a picture file says beside its pixels, read from it and made ready for another."""

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

from styler.images.exif import EXIF_DIRECTORY, USER_COMMENT, Exif, Tag, exif_block, read_exif

_SIGNED = b"ASCII\0\0\0styler "  # how our UserComment begins: EXIF's mark of its encoding, then ours
_XMP_KEYS = ("xmp", "XML:com.adobe.xmp")


@dataclass(frozen=True)
class Metadata:
    """What is kept of a file beside its pixels.

    `exif` is a block from its byte order on, without orientation and thumbnail; `icc` is the file's own
    profile, though the pixels are in sRGB; `settings` is the text that `save_image` recorded earlier.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    settings: str | None = None


def read_metadata(info: dict[Any, Any], file: BinaryIO | None = None) -> Metadata:
    """Return the metadata in what Pillow found in a file, or for a TIFF in the `file` itself; broken parts are none."""
    exif = read_exif(file or exif_of(info) or b"")
    settings = info.get("styler") if isinstance(info.get("styler"), str) else None
    if exif:
        recorded = _taken_settings(exif)
        settings = settings or recorded
    icc = info.get("icc_profile")
    xmp = next((value for value in map(info.get, _XMP_KEYS) if value), None)
    if isinstance(xmp, str):
        xmp = xmp.encode()
    return Metadata(
        exif_block(exif) if exif and exif.tags else None,
        _upright_xmp(xmp) if isinstance(xmp, bytes) else None,
        icc if isinstance(icc, bytes) and icc else None,
        settings,
    )


def exif_of(info: dict[Any, Any]) -> bytes | None:
    """Return the EXIF block that Pillow found in a file, also where a PNG holds it as text."""
    block = info.get("exif")
    text = info.get("Raw profile type exif")
    if not block and isinstance(text, str):
        digits = "".join(text.split("\n")[3:])
        block = bytes.fromhex(digits) if re.fullmatch(r"([0-9a-fA-F]{2}\s*)+", digits) else None
    return block.removeprefix(b"Exif\0\0") if isinstance(block, bytes) else None


def _taken_settings(exif: Exif) -> str | None:
    """Return the settings in the UserComment and take it out of `exif`; a comment of another kind stays."""
    inner = exif.tags.get(EXIF_DIRECTORY)
    comment = inner.get(USER_COMMENT) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or comment is None or not comment.data.startswith(_SIGNED):
        return None
    del inner[USER_COMMENT]
    if not inner:
        del exif.tags[EXIF_DIRECTORY]
    return comment.data.removeprefix(_SIGNED).decode("utf-8", "replace")


def _upright_xmp(xmp: bytes) -> bytes:
    """Return XMP without the orientation, which readers fall back on, and without thumbnails of the old picture."""
    xmp = re.sub(rb"(tiff:Orientation(?:=[\"']|>))[0-9]+", rb"\g<1>1", xmp)
    return re.sub(rb"<xmp:Thumbnails>.*?</xmp:Thumbnails>", b"", xmp, flags=re.DOTALL)


def exif_with_settings(metadata: Metadata) -> Exif | None:
    """Return the EXIF with the settings in its UserComment, or None if there is neither."""
    exif = read_exif(metadata.exif or b"") or Exif()
    if metadata.settings is not None:
        text = _SIGNED + metadata.settings.encode()
        inner = exif.tags.setdefault(EXIF_DIRECTORY, {})
        if isinstance(inner, dict):
            inner[USER_COMMENT] = Tag(7, len(text), text)
    return exif if exif.tags else None
