"""What a picture file says beside its pixels, read from it and made ready for another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from styler.images.color_profile import ADOBE_RGB
from styler.images.exif import (
    EXIF,
    INTEROPERABILITY,
    IPTC,
    Tag,
    Tags,
    block,
    describing,
    fractions,
    order_of,
    read_pages,
    values,
)
from styler.images.xmp import read_xmp

_COMMENT, _SIGNED = 37510, b"ASCII\0\0\0styler "  # UserComment, and how ours began until 0.2


@dataclass(frozen=True)
class Metadata:
    """What is kept of a file beside its pixels.

    `exif` is a block from its byte order on, without orientation and thumbnail; `icc` is the file's own profile,
    though the pixels are in sRGB; `settings` is the text that `save_image` recorded earlier; `iptc` is a block as
    TIFF has it; `resolution` is across and down, in pixels per millimeter.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    icc: bytes | None = None
    settings: str | None = None
    iptc: bytes | None = None
    resolution: tuple[float, float] | None = None


def read_metadata(fields: Mapping[str, Any], page: tuple[Tags, str] | None = None) -> tuple[Metadata, int]:
    """Return the metadata in a file's fields, and its orientation, 1 to 8; broken fields count as none.

    Args:
        fields: Named as libvips does.
        page: The tags of a TIFF's page, and their byte order.
    """
    exif = BytesIO((fields.get("exif-data") or _exif_as_text(fields)).removeprefix(b"Exif\0\0"))
    tags, order = page or (next(read_pages(exif), {}), order_of(exif))
    kept = describing(tags)
    old = _taken_comment(kept)
    packet = fields.get("xmp-data")
    xmp, settings, orientation = read_xmp(packet) if packet else (None, None, 1)
    text = next((value for name, value in fields.items() if re.fullmatch(r"png-comment-\d+-styler", name)), None)
    metadata = Metadata(
        block(kept, order) if kept else None,
        xmp,
        fields.get("icc-profile-data") or (ADOBE_RGB if _is_adobe_rgb(tags) else None),
        settings or text or old,
        _iptc(fields.get("iptc-data") or b"", tags.get(IPTC)),
        fields.get("resolution") or _resolution(tags, order),
    )
    named = (fields.get("orientation"), *values(tags.get(274), order), orientation)
    return metadata, next((one for one in named if isinstance(one, int) and 1 <= one <= 8), 1)


def _exif_as_text(fields: Mapping[str, Any]) -> bytes:
    """Return the EXIF block that older PNG files hold as text."""
    text = next((value for name, value in fields.items() if name.endswith("-Raw profile type exif")), "")
    digits = "".join(text.split("\n")[3:])
    return bytes.fromhex(digits) if re.fullmatch(r"([0-9a-fA-F]{2}\s*)*", digits) else b""


def _taken_comment(tags: Tags) -> str | None:
    """Return the settings in a UserComment, and take it out of the tags; a comment of another kind stays."""
    inner = tags.get(EXIF)
    comment = inner.get(_COMMENT) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(comment, Tag) or not comment.data.startswith(_SIGNED):
        return None
    del inner[_COMMENT]
    if not inner:
        del tags[EXIF]
    return comment.data.removeprefix(_SIGNED).decode("utf-8", "replace")


def _is_adobe_rgb(tags: Tags) -> bool:
    """Return whether the tags alone say Adobe RGB, as cameras' do (DCF 2.0, section 3.2.3)."""
    inner = tags.get(EXIF)
    outer = inner.get(INTEROPERABILITY) if isinstance(inner, dict) else None
    index = outer.get(1) if isinstance(outer, dict) else None
    return isinstance(index, Tag) and index.data.startswith(b"R03")


def _iptc(found: bytes, tag: Tag | Tags | None) -> bytes | None:
    """Return IPTC as TIFF has it; libvips hands out the Photoshop block around it in a JPEG."""
    if isinstance(tag, Tag):
        return tag.data
    match = re.search(rb"8BIM\x04\x04\0\0(....)", found, re.DOTALL)
    return found[match.end() :][: int.from_bytes(match[1])] if match else None


def _resolution(tags: Tags, order: str) -> tuple[float, float] | None:
    """Return pixels per millimeter as EXIF has it, where the format of the file has no place for it."""
    numbers = [n for tag in map(tags.get, (282, 283)) if isinstance(tag, Tag) for n in fractions(tag, order)]
    unit = 10 if values(tags.get(296), order) == [3] else 25.4
    known = len(numbers) == 2 and all(0 < n < 1e6 and round(n / unit * 25.4) != 72 for n in numbers)
    return (numbers[0] / unit, numbers[1] / unit) if known else None
