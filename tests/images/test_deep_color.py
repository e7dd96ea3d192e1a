import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from styler.images import Picture
from styler.images.pixels import to_float


def png(samples, *, transparent=None):
    height, width, channels = samples.shape

    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)),
            b"" if transparent is None else chunk(b"tRNS", np.array(transparent, ">u2").tobytes()),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def tiff(samples, *, order="<", deflated=False, rows=2):
    height, width, channels = samples.shape
    strips = [samples[y : y + rows].astype(order + "u2").tobytes() for y in range(0, height, rows)]
    strips = [zlib.compress(strip) for strip in strips] if deflated else strips
    offsets = list(8 + np.cumsum([0, *map(len, strips)])[:-1])
    body = b"".join(strips)
    body += bytes(len(body) % 2)
    entries = b""
    tags = {
        256: [width],
        257: [height],
        258: [16] * channels,
        259: [8 if deflated else 1],
        262: [2],
        273: offsets,
        277: [channels],
        278: [rows],
        279: [len(strip) for strip in strips],
        338: [2] * (channels - 3),
    }
    for tag, values in tags.items():
        if values:
            data = struct.pack(f"{order}{len(values)}I", *values)
            if len(data) > 4:
                body, data = body + data, struct.pack(order + "I", 8 + len(body))
            entries += struct.pack(order + "HHI", tag, 4, len(values)) + data
    head = b"II*\0" if order == "<" else b"MM\0*"
    count = struct.pack(order + "H", len(entries) // 12)
    return head + struct.pack(order + "I", 8 + len(body)) + body + count + entries + bytes(4)


def deep(channels):
    return np.random.default_rng(0).integers(0, 65536, (7, 5, channels), np.uint16)


def loaded(data):
    picture = Picture.open(io.BytesIO(data))
    planes = [*picture.image[0]] + ([] if picture.alpha is None else [*to_float(picture.alpha)[0]])
    return np.stack([plane.double().numpy() * 65535 for plane in planes], axis=-1)


FILES = {
    "png": png,
    "tiff": tiff,
    "tiff, big endian": lambda samples: tiff(samples, order=">"),
    "tiff, deflated": lambda samples: tiff(samples, deflated=True),
    "tiff, deflated, big endian": lambda samples: tiff(samples, order=">", deflated=True),
}


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_sixteen_bits_of_color_are_kept(file, channels):
    samples = deep(channels)
    np.testing.assert_allclose(loaded(file(samples)), samples, atol=0.01)


def test_sixteen_bits_of_grey_are_kept():
    samples = deep(1)
    np.testing.assert_allclose(loaded(png(samples)), samples.repeat(3, axis=-1), atol=0.01)


def test_sixteen_bits_of_grey_with_alpha_are_kept():
    samples = deep(2)
    np.testing.assert_allclose(loaded(png(samples)), samples[..., [0, 0, 0, 1]], atol=0.01)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_transparent_value_becomes_alpha(channels):
    samples = deep(channels)
    samples[2, 3] = samples[4, 1] = range(1000, 1000 + channels)
    samples[0, 0] = samples[2, 3] ^ 1  # alike in the high byte
    alpha = loaded(png(samples, transparent=samples[2, 3]))[..., 3]
    expected = np.full((7, 5), 65535)
    expected[2, 3] = expected[4, 1] = 0
    np.testing.assert_array_equal(alpha, expected)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_eight_bits_stay_eight(mode, format):
    buffer = io.BytesIO()
    Image.new(mode, (4, 3)).save(buffer, format)
    assert Picture.open(buffer.getvalue()).depth == 8
