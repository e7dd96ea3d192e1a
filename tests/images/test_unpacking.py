import numpy as np
import pytest
import torch
from PIL import Image

from styler.images import unpacking
from styler.images.picture import Picture
from styler.images.pixels import to_float

ORIENTATIONS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


def noise(channels=3, *, height=5, width=7, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def pixels(image):
    return np.rint(to_float(image)[0].movedim(0, -1).double().numpy() * 255).astype(int)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"])
def test_every_mode_of_eight_bits_shows_what_pillow_shows(mode):
    picture = Image.fromarray(noise()).convert(mode)
    result = Picture.of(picture)
    np.testing.assert_array_equal(pixels(result.image), np.asarray(picture.convert("RGB")))
    assert result.alpha is None
    assert result.image.dtype == torch.float32
    assert result.image.is_contiguous()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_is_untouched_and_so_are_the_colors_under_it(mode):
    samples = noise(4)
    samples[..., 3] = np.arange(35).reshape(5, 7) % 3 * 127
    picture = Image.fromarray(samples).convert(mode)
    result = Picture.of(picture)
    np.testing.assert_array_equal(pixels(result.alpha)[..., 0], samples[..., 3])
    np.testing.assert_array_equal(pixels(result.image), np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize(("mode", "premultiplied"), [("RGBA", "RGBa"), ("LA", "La")])
def test_premultiplied_alpha_is_divided_out(mode, premultiplied):
    samples = noise(4)
    samples[..., 3] |= 128
    picture = Image.fromarray(samples).convert(mode)
    expected, result = Picture.of(picture), Picture.of(picture.convert(premultiplied))
    torch.testing.assert_close(result.image, expected.image, rtol=0, atol=2.1 / 255)
    torch.testing.assert_close(result.alpha, expected.alpha, rtol=0, atol=0)


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_transparent_color_becomes_alpha(mode):
    picture = Image.fromarray(noise() // 64 * 64).convert(mode)
    color = picture.getpixel((2, 3))
    picture.info["transparency"] = color
    samples = np.asarray(picture.convert("RGB"))
    transparent = (samples == samples[3, 2]).all(axis=-1)
    np.testing.assert_array_equal(pixels(Picture.of(picture).alpha)[..., 0], np.where(transparent, 0, 255))


@pytest.mark.parametrize("transparency", [3, bytes(range(0, 256, 16))], ids=["one entry", "an alpha for each entry"])
def test_a_transparent_palette_becomes_alpha(transparency):
    picture = Image.fromarray(noise()).quantize(16)
    picture.info["transparency"] = transparency
    indices = np.asarray(picture)
    alphas = np.where(np.arange(16) == 3, 0, 255) if transparency == 3 else np.arange(0, 256, 16)
    np.testing.assert_array_equal(pixels(Picture.of(picture).alpha)[..., 0], alphas[indices])
    del picture.info["transparency"]
    np.testing.assert_array_equal(pixels(Picture.of(picture).image), np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<i4"])
def test_sixteen_bits_of_grey_are_kept(dtype):
    samples = np.random.default_rng(0).integers(0, 65536, (5, 7)).astype(dtype)
    image = Picture.of(Image.fromarray(samples)).image
    np.testing.assert_allclose(image[0, 1].numpy() * 65535, samples, atol=0.01)


def test_floats_in_the_unit_range_are_kept():
    samples = np.random.default_rng(0).random((5, 7), np.float32)
    np.testing.assert_array_equal(Picture.of(Image.fromarray(samples)).image[0, 2].numpy(), samples)


@pytest.mark.parametrize(
    "samples",
    [
        np.array([[-2, 0, 6]], np.float32),
        np.array([[-3e38, -1.5e38, 3e38]], np.float32),
        np.array([[-(2**31), -(2**30), 2**31 - 1]], np.int32),
        np.array([[0, 70000, 280000]], np.int32),
    ],
    ids=str,
)
def test_values_beyond_the_range_are_stretched(samples):
    torch.testing.assert_close(Picture.of(Image.fromarray(samples)).image[0, 0], torch.tensor([[0, 0.25, 1]]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0, 1, 5, -5, 3e38])
def test_a_flat_picture_of_floats_stays_in_range(value):
    image = Picture.of(Image.fromarray(np.full((2, 3), value, np.float32))).image
    assert image.min() >= 0
    assert image.max() <= 1


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_picture_is_turned_upright_with_its_alpha(mode, orientation):
    grey = noise(1)[..., 0]
    samples = {"I;16": grey.astype(np.uint16) * 257, "I": grey.astype(np.int32) * 257, "F": grey / np.float32(255)}
    picture = Image.fromarray(samples.get(mode, noise(4)))
    picture = picture if mode in samples else picture.convert(mode)
    flat = Picture.of(picture)
    picture.getexif()[0x0112] = orientation
    turned = Picture.of(picture)
    turn = ORIENTATIONS[orientation]
    np.testing.assert_array_equal(pixels(turned.image), turn(pixels(flat.image)))
    if mode == "RGBA":
        np.testing.assert_array_equal(pixels(turned.alpha), turn(pixels(flat.alpha)))


@pytest.mark.parametrize("orientation", [0, 9, 70000, -1, "six", 6.5, (6, 6), None, b"6"])
def test_an_orientation_that_means_nothing_is_passed_over(orientation):
    picture = Image.fromarray(noise())
    picture.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(pixels(Picture.of(picture).image), noise())


@pytest.mark.parametrize("size", [(1, 9), (9, 1), (7, 5)])
def test_pieces_of_any_size_make_the_same_picture(monkeypatch, size):
    picture = Image.fromarray(noise(4, height=size[1], width=size[0]))
    picture.getexif()[0x0112] = 7
    whole = Picture.of(picture)
    for pixels_at_once in (1, 3, 8):
        monkeypatch.setattr(unpacking, "_PIXELS", pixels_at_once)
        assert torch.equal(Picture.of(picture).samples, whole.samples)
        assert torch.equal(Picture.of(picture).alpha, whole.alpha)
