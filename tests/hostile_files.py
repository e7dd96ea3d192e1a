"""Files made to break what reads them."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import pytest
from PIL import Image, features

from styler.errors import StylerError

HUGE = [(40_000, 25_000), (10_000, 10_000), (1, 100_000_000), (65_535, 65_535), (0, 7)]
AVIF = "avif" in features.modules and features.check("avif")


def smooth(channels=3, *, height=24, width=31):
    y, x = np.mgrid[:height, :width]
    planes = [128 + 100 * np.sin(x / 9 + k) * np.cos(y / 7 - k) for k in range(channels)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def picture_bytes(picture, format, **options):
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


RGB, RGBA = Image.fromarray(smooth()), Image.fromarray(smooth(4))


@cache
def good_files():
    """One of each kind that is read."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    palette = RGB.quantize(16)
    kinds = {
        "png": picture_bytes(RGBA, "PNG", exif=exif),
        "png palette": picture_bytes(palette, "PNG", transparency=3),
        "png grey": picture_bytes(RGB.convert("L"), "PNG", transparency=5),
        "png deep": deep_png(31, 24),
        "jpeg": picture_bytes(RGB, "JPEG", exif=exif),
        "jpeg progressive": picture_bytes(RGB.convert("CMYK"), "JPEG", progressive=True),
        "webp": picture_bytes(RGBA, "WEBP", exif=exif),
        "webp lossless": picture_bytes(RGBA, "WEBP", lossless=True),
        "tiff": picture_bytes(RGBA, "TIFF", exif=exif),
        "tiff lzw": picture_bytes(RGB, "TIFF", compression="tiff_lzw"),
        "tiff jpeg": picture_bytes(RGB, "TIFF", compression="jpeg"),
        "tiff float": picture_bytes(RGB.convert("F"), "TIFF"),
        "tiff fax": picture_bytes(RGB.convert("1"), "TIFF", compression="group4"),
        "gif": picture_bytes(palette, "GIF", transparency=2),
        "gif animated": picture_bytes(palette, "GIF", save_all=True, append_images=[RGB]),
        "bmp": picture_bytes(RGB, "BMP"),
        "ppm": picture_bytes(RGB, "PPM"),
        "pgm": b"P2 4 4 255 " + b"1 2 3 4 " * 4,
        "jpeg 2000": picture_bytes(RGB, "JPEG2000"),
    }
    return kinds | ({"avif": picture_bytes(RGB, "AVIF")} if AVIF else {})


def mutated(data, rng):
    """The bytes with a few changed, cut off, cut out or overwritten; more often near the start."""
    data = bytearray(data)
    head = min(len(data), rng.choice([16, 64, 256, 1 << 20]))
    match rng.randrange(5):
        case 0:
            del data[rng.randrange(len(data)) :]
        case 1 | 2:
            for _ in range(rng.randrange(1, 12)):
                data[rng.randrange(head)] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        case 3:
            start = rng.randrange(max(1, head - 4))
            data[start : start + 4] = rng.choice([b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\0\1\0\0"])
        case 4:
            start = rng.randrange(head)
            del data[start : start + rng.randrange(1, 40)]
    return bytes(data)


def chunk(tag, data):
    return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))


def png(width, height, *, depth=8, kind=2, rows=bytes(99), before=b"", frames=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    image = before + frames + chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + image + chunk(b"IEND", b"")


def deep_png(width, height):
    samples = np.random.default_rng(0).integers(0, 65536, (height, width * 3), np.uint16).astype(">u2")
    return png(width, height, depth=16, rows=b"".join(b"\0" + row.tobytes() for row in samples))


def tiff(entries, tail=b"", *, order="<"):
    """A TIFF of tags (number, type, count, value) and what follows them."""
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in sorted(entries))
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "IH", 8, len(entries)) + body + bytes(4) + tail


def tiff_claiming(width, height, *, compression=1, extra=()):
    shape = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1)]
    return tiff(
        [*shape, (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, max(height, 1)), (279, 4, 1, 40), *extra], bytes(99)
    )


def overlapping_exif(size, *, tags):
    """An EXIF block of many tags that all claim the same bytes."""
    entries = [(0x9000 + index, 7, size, 8) for index in range(tags)]
    return tiff(entries).ljust(size + 8, b"\0")


def jpeg_with(segments):
    data = picture_bytes(RGB, "JPEG")
    return data[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments) + data[20:]


def with_size(data, width, height):
    """A JPEG, WebP or JPEG 2000 whose header claims another size."""
    data = bytearray(data)
    if data[:2] == b"\xff\xd8":
        at = next(data.index(mark) for mark in (b"\xff\xc0", b"\xff\xc2") if mark in data)
        struct.pack_into(">HH", data, at + 5, min(height, 65535), min(width, 65535))
    elif data[12:16] == b"VP8X":
        data[24:30] = struct.pack("<I", max(width - 1, 0) & 0xFFFFFF)[:3] + struct.pack("<I", max(height - 1, 0))[:3]
    elif data[12:16] == b"VP8L":
        struct.pack_into("<I", data, 21, (width - 1 & 0x3FFF) | (height - 1 & 0x3FFF) << 14)
    else:
        if b"ihdr" in data:
            struct.pack_into(">II", data, data.index(b"ihdr") + 4, height, width)
        struct.pack_into(">II", data, data.index(b"\xff\x51") + 6, width, height)
    return bytes(data)


@cache
def lying_files():
    """Headers that claim more than the file holds."""
    kinds = {}
    good = good_files()
    for width, height in HUGE:
        size = f"{width}x{height}"
        kinds[f"png {size}"] = png(width, height)
        kinds[f"png deep {size}"] = png(width, height, depth=16, kind=6)
        kinds[f"png palette {size}"] = png(width, height, kind=3, before=chunk(b"PLTE", bytes(9)))
        kinds[f"bmp {size}"] = b"BM" + struct.pack("<IIIIiiHHIIIIII", 70, 0, 54, 40, width, height, 1, 24, *[0] * 6)
        kinds[f"bmp rle {size}"] = (
            b"BM" + struct.pack("<IIIIiiHHIIIIII", 70, 0, 58, 40, width, height, 1, 8, 1, 0, 0, 0, 1, 0) + b"\0\0\0\1"
        )
        kinds[f"ppm {size}"] = b"P6 %d %d 255 " % (width, height) + bytes(20)
        kinds[f"ppm plain {size}"] = b"P3 %d %d 255 " % (width, height) + b"1 2 3 " * 9
        kinds[f"pbm {size}"] = b"P4 %d %d " % (width, height) + bytes(20)
        kinds[f"pgm deep {size}"] = b"P5 %d %d 65535 " % (width, height) + bytes(20)
        kinds[f"pfm {size}"] = b"Pf\n%d %d\n-1.0\n" % (width, height) + bytes(20)
        for compression in (1, 4, 5, 7, 8, 32773, 50000):
            kinds[f"tiff {compression} {size}"] = tiff_claiming(width, height, compression=compression)
        kinds[f"gif {size}"] = with_gif_size(good["gif"], min(width, 65535), min(height, 65535))
        for name in ("jpeg", "jpeg progressive", "webp", "webp lossless", "jpeg 2000"):
            kinds[f"{name} {size}"] = with_size(good[name], width, height)
    return kinds


def with_gif_size(data, width, height):
    at = data.index(b"\x2c")
    size = struct.pack("<HH", width, height)
    return data[:6] + size + data[10 : at + 5] + size + data[at + 9 :]


@cache
def bombs():
    """Small files, or middling, that unfold."""
    zeros = zlib.compress(bytes(1 << 28), 9)
    many = overlapping_exif(60_000, tags=4_900)
    wide = overlapping_exif(400_000, tags=28_000)
    tags = [(40_000 + index, 7, 1 << 20, 8) for index in range(9_000)]
    good = good_files()
    at = good["gif"].index(b"\x2c")
    comment = b"\x21\xfe" + (b"\xff" + bytes(255)) * 8_000 + b"\0"
    kinds = {
        "png text": png(9, 9, before=chunk(b"zTXt", b"a\0\0" + zeros)),
        "png international text": png(9, 9, before=chunk(b"iTXt", b"a\0\1\0\0\0" + zeros)),
        "png profile": png(9, 9, before=chunk(b"iCCP", b"a\0\0" + zeros), rows=bytes(9 * 28)),
        "png many texts": png(9, 9, before=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20), 9)) * 200),
        "png pixels": png(9, 9, rows=bytes(1 << 27)),
        "png exif": png(9, 9, before=chunk(b"eXIf", wide), rows=bytes(9 * 28)),
        "png exif text": png(
            9, 9, before=chunk(b"tEXt", b"Raw profile type exif\0\n\n\n" + wide.hex().encode()), rows=bytes(252)
        ),
        "png chunks": png(9, 9, before=chunk(b"abCd", b"") * 100_000, rows=bytes(9 * 28)),
        "png animated": png(9, 9, before=chunk(b"acTL", struct.pack(">II", 2**31, 0)), rows=bytes(9 * 28)),
        "png length": b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIHDR" + bytes(40),
        "jpeg exif": jpeg_with([b"Exif\0\0" + many]),
        "jpeg exif in parts": jpeg_with([b"Exif\0\0" + wide[i : i + 65_000] for i in range(0, len(wide), 65_000)]),
        "jpeg segments": jpeg_with([b"http://ns.adobe.com/xap/1.0/\0" + bytes(60_000)] * 300),
        "gif comment": good["gif"][:at] + comment + good["gif"][at:],
        "tiff tags": tiff_claiming(9, 9, extra=tags).ljust(1 << 20, b"\0"),
        "tiff strips": tiff(
            [*[(n, 4, 1, 9) for n in (256, 257)], (262, 3, 1, 1), (273, 3, 3 << 20, 8), (279, 3, 3 << 20, 8)]
        ).ljust(6 << 20, b"\1"),
        "tiff tile": tiff(
            [(n, 4, 1, 9) for n in (256, 257)]
            + [(258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]
            + [(322, 4, 1, 60_000), (323, 4, 1, 60_000), (324, 4, 1, 8), (325, 4, 1, 99)],
            bytes(99),
        ),
        "tiff loop": tiff([(256, 4, 1, 9), (257, 4, 1, 9), (34665, 4, 1, 8), (34853, 4, 1, 8)])[:-4] + b"\x08\0\0\0",
        "tiff big": b"II+\0\x08\0\0\0" + struct.pack("<QQHHQQ", 16, 2**60, 256, 16, 2**61, 16),
        "webp exif": webp_with_exif(wide),
        "webp lying": b"RIFF\xff\xff\xff\xffWEBPVP8X" + bytes(99),
    }
    if AVIF:
        small = overlapping_exif(24, tags=1)
        kinds["avif exif"] = picture_bytes(RGB, "AVIF", exif=small).replace(small, wide)
    return kinds


def webp_with_exif(block):
    return picture_bytes(RGB, "WEBP", exif=block)


@cache
def wrong_files():
    """What is no picture."""
    magic = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"BM",
        b"P6",
        b"II*\0",
        b"MM\0*",
        b"II+\0",
        b"RIFF\0\0\0\0WEBPVP8 ",
    ]
    magic += [b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"\0\0\0\x20ftypavif", b"\xff\xd8\xff\xe0\0\x10JFIF\0"]
    others = [
        b"",
        b"\0",
        b"\n",
        b"text",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0\n",
    ]
    others += [
        b"PK\3\4" + bytes(99),
        b"\x1f\x8b\x08" + bytes(99),
        b"\x7fELF" + bytes(99),
        b"\x80\x04}q\0.",
        b"{}",
        bytes(5000),
    ]
    others += [b"\x08\0\0\0\0\0\0\0{}      ", b"\0\0\0\x20ftypmp42", b"8BPS\0\1" + bytes(20), b"\xff" * 999]
    return {f"wrong {index}": data for index, data in enumerate([*magic, *(m + bytes(50) for m in magic), *others])}


def check_refused(load, path, data):
    """Check that a file of these bytes is refused with an error that names it."""
    path.write_bytes(data)
    with pytest.raises(StylerError) as caught:
        load(path)
    check_error(caught.value, path)


def check_error(error, path):
    assert str(path) in error.what
    assert len(str(error).splitlines()) == 2
