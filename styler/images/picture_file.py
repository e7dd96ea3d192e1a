"""Picture files opened, and refused before anything is decoded if that would take too much memory."""

import ctypes
import logging
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from threading import Lock
from typing import BinaryIO

from PIL import Image, ImageFile

from styler.errors import StylerError

# Not all that Pillow knows: some of its formats run other programs. AVIF came with Pillow 11.3.
_READABLE = ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "JPEG2000"]
_READABLE += ["AVIF"] if find_spec("PIL.AvifImagePlugin") else []

# Pillow's words on broken metadata, for this process once and for all: to silence them for one picture at a
# time is not for threads. It logs what is wrong with a TIFF, and without a handler Python prints that.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())
# libtiff prints by itself. Where it is a library of its own, it is found through Pillow's, which has loaded it.
with suppress(AttributeError, OSError):
    ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler(None)

# Bytes a pixel at the peak of loading, samples included: the most that a JPEG takes, a progressive one, and
# what is dearer. Measured at 64 megapixels with Pillow 13; JPEG 2000 takes 6 for each channel.
_USUAL = 13
_DEARER = {"WEBP": 21, "AVIF": 16}

# The most pixels that a byte can hold: deflate packs 1032 bytes of 8 pixels into one, LZW 2600 at 8 bits; a
# JPEG spends a bit on 64. Decoders that fill in what is missing would make a large picture of nothing.
_TIGHTEST = {"JPEG": 2600, "MPO": 2600, "GIF": 2600, "PNG": 8256, "BMP": 8256, "PPM": 8}


class _Limit:
    """Pillow's own limit of pixels, lifted while pictures are read: it is the process's, ours is the picture's."""

    lock, readers, usual = Lock(), 0, Image.MAX_IMAGE_PIXELS

    @classmethod
    @contextmanager
    def lifted(cls) -> Generator[None]:
        """Lift it until the last of all threads in this block has left it."""
        with cls.lock:
            if not cls.readers:
                cls.usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            cls.readers += 1
        try:
            yield
        finally:
            with cls.lock:
                cls.readers -= 1
                if not cls.readers:
                    Image.MAX_IMAGE_PIXELS = cls.usual


@contextmanager
def opened(file: BinaryIO) -> Generator[ImageFile.ImageFile]:
    """Yield a file as Pillow's picture, of which only the header has been read. In any number of threads.

    Raises:
        PIL.UnidentifiedImageError: If it is of no kind that is read here.
    """
    with _Limit.lifted(), Image.open(file, formats=_READABLE) as picture:
        yield picture


def check(picture: ImageFile.ImageFile, name: str, max_pixels: int, num_bytes: int) -> None:
    """Refuse a picture with no pixels, too many, more than a file of `num_bytes` can hold, or several frames.

    Raises:
        StylerError: If it is one of these.
    """
    width, height = picture.size
    if width < 1 or height < 1:
        raise StylerError(f"{name} has no pixels: {width}×{height}", "choose another picture")
    limit = max_pixels * _USUAL / bytes_per_pixel(picture)
    if width * height > limit:
        raise too_large(name, limit, f": {width}×{height}")
    if picture.format in _TIGHTEST and width * height > _TIGHTEST[picture.format] * num_bytes:
        raise StylerError(f"{name} is damaged: {num_bytes} bytes for {width}×{height} pixels", "copy it again")
    # A camera's MPO is a photograph with a preview or a depth map behind it.
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        raise StylerError(f"{name} has several frames or pages", "save the one you want by itself")


def too_large(name: str, max_pixels: float, size: str = "") -> StylerError:
    """Return the error for a picture beyond the limit."""
    limit = f"{max_pixels / 1e6:.3g} megapixels" if max_pixels >= 1e5 else f"{max_pixels:.0f} pixels"
    what = f"{name} has more than {limit}{size}"
    return StylerError(what, "make it smaller first, or allow more with --max-pixels")


def bytes_per_pixel(picture: ImageFile.ImageFile) -> int:
    """Return what loading takes at its peak, in bytes a pixel: at least what a progressive JPEG takes."""
    channels = len(picture.getbands())
    if picture.format == "JPEG2000":
        return 5 + 6 * channels
    if channels == 4 and (picture.mode == "CMYK" or ";16" in str(picture.tile[:1])):
        return _USUAL + 3
    return _DEARER.get(picture.format or "", _USUAL)
