"""Picture files whose header has been read: by libvips, and by Pillow where libvips has no decoder."""

import importlib
import re
import struct
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from styler.errors import StylerError
from styler.images.exif import Tags, order_of, read_pages, values
from styler.images.kinds import kind_of, raw_error
from styler.images.libvips import Guarded, vips
from styler.images.pil_pictures import pil_fields, vips_of_pil

# What Pillow's decoders raise for damaged files.
_DAMAGED = (OSError, SyntaxError, ValueError, IndexError, RuntimeError, EOFError, KeyError, TypeError, OverflowError)
_DAMAGED += (AssertionError, struct.error, zlib.error)
_PLUGINS = {"HEIF": ("pillow_heif.HeifImagePlugin", "heif"), "JXL": ("pillow_jxl", "jxl")}
_RAW_NAME = re.compile(r"\.(dng|nef|nrw|arw|sr2|srf|cr2|pef|srw|3fr|fff|iiq|kdc|dcr|mef|mos|erf|rwl)$", re.IGNORECASE)
_SUBFILE, _OLD_SUBFILE, _PHOTOMETRIC, _SUB_DIRECTORIES, _EXTRA_SAMPLES, _DNG = 254, 255, 262, 330, 338, 50706
_PLANES, _TILE_WIDTH = 284, 322
_SENSOR = (32803, 34892)  # photometric interpretations of raw data

Selected = tuple[Any, dict[str, Any], tuple[Tags, str] | None, bool]
"""libvips' picture, its fields, the tags of a TIFF's page with their byte order, whether a further band is alpha."""


class Opened(NamedTuple):
    """A file's kind, width and height, and frames or pages, of which `select` decodes one, counted from 0.

    `primary` is the one that viewers show: the first, except in HEIC and AVIF files, which name one.
    """

    kind: str
    size: tuple[int, int]
    num_pages: int
    select: Callable[[int], Selected]
    primary: int = 0


@contextmanager
def opened(file: BinaryIO, name: str) -> Generator[Opened]:
    """Yield a file of which only the header has been read. Safe in several threads at once.

    Raises:
        StylerError: If it is of a kind that is not read, or damaged; also from what is decoded in the block.
    """
    file.seek(0)
    kind, guarded = kind_of(file.read(64), name), Guarded(file)
    try:
        if kind == "tiff":
            yield _tiff(guarded, name)
        elif kind.islower() and not (kind == "png" and _is_animated(file)):
            yield _by_libvips(guarded, kind)
        else:
            yield _by_pillow(file, kind.upper(), name)
    except StylerError:  # itself a RuntimeError, as some of Pillow's are
        raise
    except (vips().Error, *_DAMAGED) as error:  # without libvips' words, which may be another thread's
        if guarded.error is not None:
            raise guarded.error from error
        raise StylerError(f"{name} is damaged", "copy it again, or save it anew in a viewer") from error


def _by_libvips(guarded: Guarded, kind: str) -> Opened:
    load = partial(getattr(vips().Image, f"{kind}load_source"), access="sequential", fail_on="error")
    image = load(guarded.source())
    num_pages, primary = (image.get(name) if image.get_typeof(name) else 0 for name in ("n-pages", "heif-primary"))

    def select(index: int) -> Selected:
        chosen = load(guarded.source(), page=index) if num_pages > 1 else image
        return chosen, _fields(chosen), None, True

    return Opened(kind, (image.width, image.height), max(1, num_pages), select, primary)


def _tiff(guarded: Guarded, name: str) -> Opened:
    """Return a TIFF of which only pages at full size count: not smaller copies of them, nor masks."""
    file = guarded.file
    order, pages = order_of(file), list(read_pages(file, max_bytes=1 << 10))
    first = pages[0] if pages else {}
    whole = [index for index, tags in enumerate(pages) if not _is_copy(tags, order)] or ([] if 330 in first else [0])
    if not whole or _DNG in first or _RAW_NAME.search(name) or _first(first, _PHOTOMETRIC, order) in _SENSOR:
        raise raw_error(name)
    load = partial(vips().Image.tiffload_source, access="sequential", fail_on="error", unlimited=True)
    image = load(guarded.source(), page=whole[0])

    def select(index: int) -> Selected:
        chosen = load(guarded.source(), page=whole[index]) if index else image
        tags = next(islice(read_pages(file), whole[index], None), {})
        if _first(tags, _PLANES, order) == 2 and _TILE_WIDTH in tags:  # libvips does not
            what = f"{name} has a tile for each color, which styler does not read"
            raise StylerError(what, "save it in a viewer without tiles, or with interleaved samples")
        unspecified = _first(tags, _EXTRA_SAMPLES, order) == 0  # a channel of Photoshop's, say, or none at all
        return chosen, _fields(chosen), (tags, order), not unspecified

    return Opened("tiff", (image.width, image.height), len(whole), select)


def _is_copy(tags: Tags, order: str) -> bool:
    return bool(_first(tags, _SUBFILE, order) & 5) or _first(tags, _OLD_SUBFILE, order) == 2


def _first(tags: Tags, number: int, order: str) -> int:
    return next(iter(values(tags.get(number), order)), 0 if number != _EXTRA_SAMPLES else 2)


def _fields(image: Any) -> dict[str, Any]:
    """Return what describes the picture; a resolution of 72 dpi, or of 1 pixel per mm, counts as unknown."""
    wanted = re.compile(r"(exif|xmp|iptc|icc-profile)-data|orientation|png-comment-\d+-(styler|Raw profile type exif)")
    fields = {name: image.get(name) for name in image.get_fields() if wanted.fullmatch(name)}
    known = round(image.xres * 25.4) not in (0, 25, 72) and image.yres > 0
    return fields | ({"resolution": (image.xres, image.yres)} if known else {})


def _by_pillow(file: BinaryIO, kind: str, name: str) -> Opened:
    if kind in _PLUGINS:
        module, extra = _PLUGINS[kind]
        try:
            importlib.import_module(module)
        except ImportError:
            what = f"{name} is {'an HEIC' if kind == 'HEIF' else 'a JPEG XL'} file"
            raise StylerError(what, f"install what reads it: pip install 'styler[{extra}]'") from None
    Image.init()
    file.seek(0)
    picture = Image.OPEN[kind][0](file, name)  # not Image.open, whose limit of pixels is the process's

    def select(index: int) -> Selected:
        picture.seek(index)
        found = vips_of_pil(picture), pil_fields(picture)
        return found[0], found[1] | (_jpeg2000_profile(file) if kind == "JPEG2000" else {}), None, True

    return Opened(kind, picture.size, getattr(picture, "n_frames", 1), select, picture.tell())


def _is_animated(file: BinaryIO) -> bool:
    """Return whether a PNG has several frames, which libvips passes over: a chunk before the pixels says so."""
    file.seek(8)
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        if head[4:] == b"acTL":
            return int.from_bytes(file.read(4)) > 1
        file.seek(int.from_bytes(head[:4]) + 4, 1)
    return False


def _jpeg2000_profile(file: BinaryIO) -> dict[str, bytes]:
    """Return the profile in a JPEG 2000's box of colors, which Pillow passes over (ISO 15444-1, I.5.3.3)."""
    file.seek(0)
    head = file.read(1 << 22)
    match = re.search(rb"(....)colr\x02", head.partition(b"jp2c")[0], re.DOTALL)
    return {"icc-profile-data": head[match.end() + 2 : match.start() + int.from_bytes(match[1])]} if match else {}
