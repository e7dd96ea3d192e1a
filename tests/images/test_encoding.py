import io
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image

from styler.images import Picture
from styler.images.saving import save_image


def deep(channels, *, height=11, width=7):
    values = np.random.default_rng(0).integers(0, 65536, (1, channels, height, width), np.uint16)
    return torch.from_numpy(values)


@pytest.mark.parametrize("alpha", [None, deep(1)], ids=["opaque", "alpha"])
@pytest.mark.parametrize("format", ["png", "tif"])
def test_sixteen_bits_come_back_exactly(format, alpha):
    buffer = io.BytesIO()
    save_image(deep(3), buffer, alpha=alpha, format=format, depth=16)
    again = Picture.open(io.BytesIO(buffer.getvalue()))
    assert again.depth == 16
    assert torch.equal(again.samples, deep(3))
    assert (again.alpha is None) if alpha is None else torch.equal(again.alpha, alpha)


@pytest.mark.parametrize("format", ["png", "tif"])
def test_floats_keep_sixteen_bits(format):
    buffer = io.BytesIO()
    save_image(deep(3).float() / 65535, buffer, format=format, depth=16)
    assert torch.equal(Picture.open(io.BytesIO(buffer.getvalue())).samples, deep(3))


@pytest.mark.parametrize("format", ["jpg", "webp"])
def test_formats_of_eight_bits_take_eight(format):
    buffer = io.BytesIO()
    save_image(deep(3), buffer, format=format, depth=16)
    assert Picture.open(io.BytesIO(buffer.getvalue())).depth == 8


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("format", ["png", "tif", "webp", "jpg"])
def test_other_readers_see_the_same_picture(format, channels):
    y, x = np.mgrid[:11, :7]
    samples = np.stack([100 + 9 * x, 90 + 8 * y, 120 + x + y, 10 * x + 9 * y], axis=-1)[..., :channels].astype(np.uint8)
    planes = torch.from_numpy(samples).movedim(-1, 0)[None]
    buffer = io.BytesIO()
    save_image(planes[:, :3], buffer, alpha=planes[:, 3:] if channels == 4 else None, format=format)
    with Image.open(buffer) as picture:
        assert picture.mode == ("RGBA" if channels == 4 and format != "jpg" else "RGB")
        if format in ("png", "tif"):
            np.testing.assert_array_equal(np.asarray(picture), samples)
        elif channels == 3:
            assert abs(np.asarray(picture).astype(int) - samples).mean() < 4


@pytest.mark.parametrize(("format", "depth"), [("png", 8), ("png", 16), ("tif", 8), ("tif", 16)])
def test_a_large_picture_is_written_without_another_copy_of_it(tmp_path, format, depth):
    image = torch.zeros(1, 3, 4000, 2000, dtype=torch.uint8)  # 24 MB, and 48 in 16 bits
    encoding_peak = []
    for height in (2000, 4000):
        tracemalloc.start()
        save_image(image[..., :height, :], tmp_path / f"{height}.{format}", depth=depth)
        encoding_peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert encoding_peak[1] < encoding_peak[0] + (1 << 20)
