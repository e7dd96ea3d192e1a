"""Images as the bytes of a picture file, piece by piece: at no time is there a second copy of all of it."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styler.choices import Depth, Format
from styler.errors import StylerError
from styler.images.color_profile import own_conversion
from styler.images.exif import exif_block
from styler.images.matrix_profile import matrix_profile, srgb_to
from styler.images.metadata import Metadata, exif_with_settings
from styler.images.pieces import PIXELS
from styler.images.pixels import quantized, to_float
from styler.images.png_file import write_png
from styler.images.tiff_file import write_tiff

_OPTIONS: dict[Format, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 92, "exact": True},  # exact: colours under transparent pixels stay
}
_JPEG_BLOCK = 65_000  # bytes of EXIF or XMP: what the length of a marker leaves, and a little

Rows = Iterator[np.ndarray]
Conversion = Callable[[np.ndarray], np.ndarray]


def encode(
    file: BinaryIO, image: Tensor, alpha: Tensor | None, metadata: Metadata, format: Format, depth: Depth
) -> None:
    """Write an image to a seekable file; see `save_image`.

    Raises:
        StylerError: If the format cannot hold it, or it has values that are not numbers.
    """
    size = image.shape[-1], image.shape[-2]
    dtype = torch.uint16 if depth == 16 and format in ("PNG", "TIFF") else torch.uint8
    convert = _conversion(metadata.icc, dtype)
    icc = None if convert is None else metadata.icc
    rows = _rows(image, alpha, dtype, convert, on_white=format == "JPEG")
    match format:
        case "PNG":
            write_png(file, rows, size, list(_chunks(metadata, icc)))
        case "TIFF":
            write_tiff(file, rows, size, exif=exif_with_settings(metadata), xmp=metadata.xmp, icc=icc)
        case _:
            picture = _pil(rows, size, "RGB" if alpha is None or format == "JPEG" else "RGBA")
            _save(picture, file, format, _blocks(metadata, icc, format))


def _save(picture: Image.Image, file: BinaryIO, format: Format, blocks: dict[str, bytes]) -> None:
    try:
        picture.save(cast("BinaryIO", _Unnumbered(file)), format, **_OPTIONS[format], **blocks)
    except (OSError, ValueError) as error:  # 65,500 pixels a side are JPEG's limit, 16,383 WebP's
        if isinstance(error, OSError) and error.errno is not None:  # the disk's
            raise
        size, reason = f"{picture.width}×{picture.height}", " ".join(str(error).split())
        raise StylerError(f"{format} cannot hold {size} pixels ({reason})", "write PNG or TIFF") from error


class _Unnumbered:
    """A file without a number: to a numbered one Pillow writes past Python, and overlooks that a disk is full."""

    def __init__(self, file: BinaryIO):
        self.write, self.flush = file.write, file.flush


def _conversion(icc: bytes | None, dtype: torch.dtype) -> Conversion | None:
    """Return what brings `(h, W, 3)` samples in sRGB to a profile, or None if there is none for it."""
    convert = own_conversion(icc)
    if convert is None:
        return None
    if dtype == torch.uint8:
        return lambda samples: np.asarray(convert(Image.fromarray(samples)))
    profile = matrix_profile(icc)
    if profile is None:  # made of tables, which are applied in 8 bits
        return lambda samples: np.asarray(convert(Image.fromarray((samples // 257).astype(np.uint8)))) * np.uint16(257)
    return lambda samples: srgb_to(profile, samples.reshape(-1, 3).T).T.reshape(samples.shape)


def _rows(
    image: Tensor, alpha: Tensor | None, dtype: torch.dtype, convert: Conversion | None, *, on_white: bool
) -> Rows:
    """Yield an image from top to bottom, in pieces `(h, W, 3)`, or 4 with alpha."""
    step = max(1, PIXELS // image.shape[-1])
    for top in range(0, image.shape[-2], step):
        part = image[..., top : top + step, :].reshape(3, -1, image.shape[-1])
        over = None if alpha is None else alpha[..., top : top + step, :].reshape(1, -1, image.shape[-1])
        if over is not None and on_white:
            over = to_float(over.to(part.device))
            part, over = to_float(part) * over + (1 - over), None
        colors = _interleaved(part, dtype)
        if convert is not None:
            colors = convert(colors)
        yield colors if over is None else np.concatenate([colors, _interleaved(over, dtype)], axis=-1)


def _interleaved(planes: Tensor, dtype: torch.dtype) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(quantized(planes, dtype).cpu().numpy(), 0, -1))


def _pil(rows: Rows, size: tuple[int, int], mode: str) -> Image.Image:
    picture, top = Image.new(mode, size), 0
    for piece in rows:
        picture.paste(Image.fromarray(piece), (0, top))
        top += len(piece)
    return picture


def _chunks(metadata: Metadata, icc: bytes | None) -> Iterator[tuple[bytes, bytes]]:
    if icc is not None:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)
    if metadata.exif:
        yield b"eXIf", metadata.exif
    for name, text in ((b"XML:com.adobe.xmp", metadata.xmp), (b"styler", metadata.settings)):
        if text:
            yield b"iTXt", name + bytes(5) + (text.encode() if isinstance(text, str) else text)


def _blocks(metadata: Metadata, icc: bytes | None, format: Format) -> dict[str, bytes]:
    """Return Pillow's options for what stands beside the pixels."""
    exif, xmp = exif_with_settings(metadata), metadata.xmp
    if format == "JPEG" and exif and len(exif_block(exif)) > _JPEG_BLOCK:
        exif = exif_with_settings(Metadata(settings=metadata.settings))
    if format == "JPEG" and xmp and len(xmp) > _JPEG_BLOCK:
        xmp = None
    blocks = {"exif": b"Exif\0\0" + exif_block(exif) if exif else None, "xmp": xmp, "icc_profile": icc}
    return {name: content for name, content in blocks.items() if content}
