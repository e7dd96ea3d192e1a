"""Images as the bytes of a picture file, by libvips. Does not import torch."""

import struct
import zlib
from collections.abc import Sequence
from io import SEEK_END, BytesIO
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from styler.choices import Depth, Format
from styler.errors import StylerError
from styler.images.color_profile import is_writable, own
from styler.images.exif import IPTC, Tag, block, order_of, packed, read_pages, swapped
from styler.images.format_limits import check_size
from styler.images.libvips import Guarded, vips, writing
from styler.images.metadata import Metadata
from styler.images.xmp import with_settings

_SAVERS: dict[Format, tuple[str, dict[str, Any]]] = {
    "JPEG": ("jpegsave", {"Q": 95, "subsample_mode": "off"}),
    "WEBP": ("webpsave", {"Q": 92, "exact": True}),  # exact: colors under transparent pixels stay
    "AVIF": ("heifsave", {"Q": 80, "subsample_mode": "off", "compression": "av1", "effort": 4}),
    "PNG": ("pngsave", {"compression": 4, "filter": "paeth"}),
    "TIFF": ("tiffsave", {"compression": "deflate", "predictor": "horizontal", "level": 4}),
}
_DEEP: dict[Format, dict[str, Any]] = {"PNG": {}, "TIFF": {}, "AVIF": {"bitdepth": 10}}
_JPEG_BLOCK = 65_500  # bytes of EXIF or XMP: what the length of a marker leaves
_KEPT = 2 + 4 + 8  # XMP, IPTC and profile
_TEXTS, _LONGEST_TEXT = ("ImageDescription", "Make", "Model", "Software", "Artist", "Copyright"), 60_000
_MAX_EXIF: dict[Format, int] = {"JPEG": _JPEG_BLOCK, "WEBP": 360_000, "AVIF": 360_000}
_USUAL = 72 / 25.4, 72 / 25.4  # pixels per millimeter where nothing is known, as everywhere


Planes = Sequence[np.ndarray]
"""The colors or the alpha of a picture: arrays `(H, W)` of uint8 or uint16, contiguous."""


class OwnPlanes(NamedTuple):
    """Samples in a file's own color profile, and where they are used: where the mask, uint8, is 255."""

    samples: Planes
    mask: Planes


def is_deep(format: Format, depth: Depth) -> bool:
    """Return whether a format is written with more than 8 bits per channel at this depth."""
    return depth == 16 and format in _DEEP


def encode(
    file: BinaryIO,
    image: Planes,
    alpha: Planes | None,
    metadata: Metadata,
    format: Format,
    *,
    own: OwnPlanes | None = None,
) -> None:
    """Write an image to a seekable file, with the bits of its planes; see `save_image`.

    Raises:
        StylerError: If the format cannot hold it.
    """
    with writing():
        _encode(file, image, alpha, metadata, format, own)


def _encode(
    file: BinaryIO,
    image: Planes,
    alpha: Planes | None,
    metadata: Metadata,
    format: Format,
    kept: OwnPlanes | None,
) -> None:
    height, width = image[0].shape
    check_size(f".{format.lower()}", height, width)
    deep = image[0].dtype == np.uint16
    picture = _picture(image, alpha, metadata.icc, kept, on_white=format == "JPEG")
    picture = _described(picture, metadata, format)
    exif = _exif(metadata)
    exif = exif if len(exif) <= _MAX_EXIF.get(format, 1 << 30) else b""
    save, options = _SAVERS[format]
    options = options | (_DEEP[format] if deep else {}) | {"keep": _KEPT}
    if format == "TIFF" and sum(plane.nbytes for plane in image) > 3 << 30:
        options |= {"bigtiff": True}
    if exif and format in ("WEBP", "AVIF"):
        file.write(_with_exif(picture, save, options, exif))
        return
    guarded = Guarded(_Spliced(file, format, exif) if exif and format in ("JPEG", "PNG") else file)
    try:
        getattr(picture, f"{save}_target")(guarded.target(), **options)
    except vips().Error as error:
        if guarded.error is not None:
            raise guarded.error from error
        raise StylerError(f"{format} cannot hold {width}×{height} pixels", "write PNG or TIFF") from error
    if (
        format == "TIFF" and (exif or metadata.iptc) and "bigtiff" not in options
    ):  # its directories have a form of their own
        _add_tags(file, exif, metadata.iptc)


def _picture(image: Planes, alpha: Planes | None, icc: bytes | None, kept: OwnPlanes | None, *, on_white: bool) -> Any:
    """Return an image as libvips reads it out of the arrays' memory, in its own profile."""
    picture = _bands(image)
    if alpha is not None and on_white:
        picture, alpha = picture.bandjoin(_bands(alpha)).flatten(background=255), None
    if icc and is_writable(icc):
        picture = own(picture, icc)
        if kept is not None:
            picture = (_bands(kept.mask) == 255).ifthenelse(_bands(kept.samples), picture)
    return picture if alpha is None else picture.bandjoin(_bands(alpha))


def _bands(planes: Planes) -> Any:
    """Return planes as libvips' picture."""
    first, *others = [vips().Image.new_from_array(plane) for plane in planes]
    kind = "b-w" if not others else "srgb" if planes[0].dtype == np.uint8 else "rgb16"
    return (first.bandjoin(others) if others else first).copy(interpretation=kind)


def _described(picture: Any, metadata: Metadata, format: Format) -> Any:
    """Return the picture with profile, XMP and settings, IPTC and resolution."""
    xres, yres = metadata.resolution or _USUAL
    picture = picture.copy(xres=xres, yres=yres)
    picture.remove("icc-profile-data")
    xmp, iptc = metadata.xmp, metadata.iptc
    if metadata.settings is not None:
        xmp = with_settings(xmp, metadata.settings)
        if format == "JPEG" and len(xmp) > _JPEG_BLOCK:
            xmp = with_settings(None, metadata.settings)
    if iptc and format == "JPEG":
        iptc = b"Photoshop 3.0\0" + b"8BIM\4\4\0\0" + struct.pack(">I", len(iptc)) + iptc + bytes(len(iptc) % 2)
    icc = metadata.icc if is_writable(metadata.icc) else None
    iptc = None if format == "TIFF" else iptc  # libvips writes a quarter of it
    for name, content in (("icc-profile-data", icc), ("xmp-data", xmp), ("iptc-data", iptc)):
        if content and not (format == "JPEG" and name != "icc-profile-data" and len(content) > _JPEG_BLOCK):
            picture.set_type(vips().GValue.blob_type, name, content)
    return picture


def _exif(metadata: Metadata) -> bytes:
    """Return the EXIF block with the resolution, for which WebP and AVIF have no other place."""
    file = BytesIO(metadata.exif or b"II*\0\0\0\0\0")
    tags, order = next(read_pages(file), {}), order_of(file)
    if metadata.resolution:
        across, down = (Tag(5, 1, struct.pack(order + "II", round(x * 25_400), 1000)) for x in metadata.resolution)
        tags |= {282: across, 283: down, 296: Tag(3, 1, struct.pack(order + "H", 2))}
    return block(tags, order) if tags else b""


class _Spliced:
    """A file into which EXIF is put as it is, behind its first bytes."""

    def __init__(self, file: BinaryIO, format: Format, exif: bytes) -> None:
        self.file, self.read, self.seek = file, file.read, file.seek
        if format == "JPEG":
            self.at, self.block = 2, b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif
        else:  # behind a PNG's header
            chunk = b"eXIf" + exif
            self.at, self.block = 33, struct.pack(">I", len(exif)) + chunk + struct.pack(">I", zlib.crc32(chunk))

    def write(self, data: bytes) -> int:
        """Write as a file does."""
        if self.block:
            self.file.write(bytes(data[: self.at]) + self.block)
            self.file.write(data[self.at :])
            self.block = b""
            return len(data)
        return self.file.write(data)


def _with_exif(picture: Any, save: str, options: dict[str, Any], exif: bytes) -> bytes:
    """Return a WebP or AVIF file with EXIF as it is, in the place of texts as long that went through libexif."""
    picture, rest = picture.copy(), len(exif)
    for name in _TEXTS:
        picture.set_type(vips().GValue.gstr_type, f"exif-ifd0-{name}", "x" * min(rest, _LONGEST_TEXT))
        rest -= min(rest, _LONGEST_TEXT)
    data = getattr(picture, f"{save}_buffer")(**options | {"keep": _KEPT + 1})
    first, last = min(len(exif), _LONGEST_TEXT), (len(exif) - 1) % _LONGEST_TEXT + 1
    start, end = data.rindex(b"II*\0", 0, data.index(b"x" * first)), data.rindex(b"x" * last) + last
    return data[:start] + exif.ljust(end - start, b"\0") + data[end:]


def _add_tags(file: BinaryIO, exif: bytes, iptc: bytes | None) -> None:
    """Put a directory with more tags behind a TIFF, and let its header point there."""
    ours, theirs = BytesIO(exif), order_of(file)
    tags = next(read_pages(ours), {})
    tags = tags if order_of(ours) == theirs else swapped(tags)
    tags |= {IPTC: Tag(7, len(iptc), iptc)} if iptc else {}
    tags |= next(read_pages(file, max_bytes=1 << 28))
    at = file.seek(0, SEEK_END)
    at += file.write(bytes(at % 2))
    file.write(packed(tags, theirs, at))
    file.seek(4)
    file.write(struct.pack(theirs + "I", at))
