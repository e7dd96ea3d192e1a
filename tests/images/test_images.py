import errno
import io
import os
import random
import struct
import threading
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_files import AVIF, RGB, RGBA, picture_bytes, smooth, with_size
from PIL import Image

from styler.errors import StylerError, StylerWarning
from styler.images import Picture, writable_format
from styler.images.pixels import to_float
from styler.images.saving import save_image

LOSSLESS = [".png", ".tif", ".tiff", ".PNG"]
LOSSY = [".jpg", ".jpeg", ".webp", ".JPG"]


def pixels(image):
    return np.rint(to_float(image)[0].movedim(0, -1).double().numpy() * 255).astype(int)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def error_of(source, **options):
    with pytest.raises(StylerError) as caught:
        Picture.open(source, **options)
    assert "\n" not in caught.value.what
    assert "\n" not in caught.value.todo
    return caught.value.what


# Loading


def test_a_picture_in_grey_and_color_loads_from_every_format(tmp_path):
    for format in ("PNG", "TIFF", "BMP", "PPM", "GIF"):
        for mode in ("1", "L", "RGB"):
            picture = RGB.convert(mode) if format != "GIF" or mode != "RGB" else RGB.quantize(8)
            picture.save(tmp_path / "a", format)
            np.testing.assert_array_equal(
                pixels(Picture.open(tmp_path / "a").image), np.asarray(picture.convert("RGB"))
            )


needs_avif = pytest.mark.skipif(not AVIF, reason="this Pillow has no AVIF to write the test's file")


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "JPEG2000", pytest.param("AVIF", marks=needs_avif)])
def test_lossy_formats_load(format):
    result = pixels(Picture.open(io.BytesIO(picture_bytes(RGB, format))).image)
    assert np.abs(result - smooth()).mean() < 4


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_shows_the_same_colors(format):
    picture = RGB.convert("CMYK")
    result = Picture.open(io.BytesIO(picture_bytes(picture, format, **({"quality": 100} if format == "JPEG" else {}))))
    assert np.abs(pixels(result.image) - np.asarray(picture.convert("RGB"))).mean() < 2


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_carried_through_with_the_colors_under_it(format):
    samples = smooth(4)
    samples[:12, :, 3] = 0
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    picture = Picture.open(io.BytesIO(picture_bytes(Image.fromarray(samples), format, **options)))
    np.testing.assert_array_equal(pixels(picture.image), samples[..., :3])
    np.testing.assert_array_equal(pixels(picture.alpha)[..., 0], samples[..., 3])


@pytest.mark.parametrize("transparency", [3, bytes(range(0, 256, 16))])
def test_a_transparent_palette_in_a_png_becomes_alpha(transparency):
    palette = RGB.quantize(16)
    data = picture_bytes(palette, "PNG", transparency=transparency)
    with Image.open(io.BytesIO(data)) as opened:
        expected = np.asarray(opened.convert("RGBA"))
    picture = Picture.open(io.BytesIO(data))
    np.testing.assert_array_equal(pixels(picture.image), expected[..., :3])
    np.testing.assert_array_equal(pixels(picture.alpha)[..., 0], expected[..., 3])


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied_exactly_once(format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    samples = np.zeros((16, 32, 3), np.uint8)
    samples[:8, :16] = 255  # the stored top left
    options = {"WEBP": {"lossless": True}}.get(format, {})
    data = picture_bytes(Image.fromarray(samples), format, exif=exif, **options)
    image = Picture.open(io.BytesIO(data)).image[0, 0]
    height, width = (16, 32) if orientation < 5 else (32, 16)
    assert image.shape == (height, width)
    bottom, right = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    corner = image[height // 2 * bottom :, width // 2 * right :][: height // 2, : width // 2]
    assert corner.mean() > 0.95
    assert image.mean() < 0.27


def test_the_photograph_of_a_camera_with_a_preview_behind_it_loads():
    data = picture_bytes(RGB, "MPO", save_all=True, append_images=[RGB.resize((9, 9))])
    assert Picture.open(io.BytesIO(data)).image.shape == (1, 3, 24, 31)


def test_a_pipe_loads_which_standard_input_often_is():
    read, write = os.pipe()

    def send():
        with os.fdopen(write, "wb") as stream:
            stream.write(picture_bytes(RGB, "PNG"))

    writer = threading.Thread(target=send)
    writer.start()
    with os.fdopen(read, "rb") as stream:
        np.testing.assert_array_equal(pixels(Picture.open(stream).image), smooth())
    writer.join()


def test_a_stream_without_end_is_refused(monkeypatch):
    monkeypatch.setattr("styler.images.loading._MAX_BYTES", 1 << 20)
    assert error_of(io.BytesIO(bytes(1 << 21))) == "the stream goes on after 1 MiB"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_loads(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(picture_bytes(RGB, "PNG")))
    writer.start()
    np.testing.assert_array_equal(pixels(Picture.open(tmp_path / "pipe").image), smooth())
    writer.join()


def test_threads_load_side_by_side_and_leave_the_process_as_it_was(tmp_path):
    RGB.save(tmp_path / "a.png")
    filters, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    results = []
    threads = [threading.Thread(target=lambda: results.append(Picture.open(tmp_path / "a.png"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert (list(warnings.filters), Image.MAX_IMAGE_PIXELS) == (filters, limit)


# What cannot be loaded


def test_a_missing_file_is_named(tmp_path):
    assert error_of(tmp_path / "none.png") == f"no such file: {tmp_path / 'none.png'}"


def test_a_folder_is_called_a_folder(tmp_path):
    assert error_of(tmp_path) == f"{tmp_path} is a folder"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be read")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "a.png").touch(mode=0)
    assert error_of(tmp_path / "a.png") == f"cannot read {tmp_path / 'a.png'}: Permission denied"


@pytest.mark.parametrize("data", [b"no picture at all", b"%PDF-1.7", b"%!PS-Adobe-3.0 EPSF-3.0\n", bytes(5000)])
def test_what_is_no_picture_is_called_so(tmp_path, data):
    (tmp_path / "a.png").write_bytes(data)
    assert error_of(tmp_path / "a.png") == f"{tmp_path / 'a.png'} is no picture that can be read"


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "a.png").touch()
    assert error_of(tmp_path / "a.png") == f"{tmp_path / 'a.png'} is empty"
    assert error_of(io.BytesIO()) == "the stream is empty"


def test_standard_input_is_called_so():
    stream = io.BytesIO(b"?")
    stream.name = "<stdin>"
    assert error_of(stream) == "standard input is no picture that can be read"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_a_truncated_file_is_refused_by_name(tmp_path, format):
    data = picture_bytes(RGB, format)
    (tmp_path / "a").write_bytes(data[: len(data) * 2 // 3])
    assert str(tmp_path / "a") in error_of(tmp_path / "a")


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", *(["AVIF"] if AVIF else [])])
def test_the_first_of_several_frames_or_pages_is_read_with_a_warning(format):
    data = picture_bytes(RGB, format, save_all=True, append_images=[RGB.transpose(Image.Transpose.ROTATE_180)])
    with pytest.warns(StylerWarning, match="the stream has 2 frames or pages; the first is used"):
        found = Picture.open(data)
    assert found.samples.equal(Picture.open(data, page=1).samples)


def lying_png(width, height):
    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(20_000, 20_000), (100_000, 100_000), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1)])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(size):
    start = time.monotonic()
    # A side beyond 10⁸ is what libvips itself refuses.
    expected = "more than 110 megapixels" if max(size) < 10**8 else "is damaged"
    assert expected in error_of(io.BytesIO(lying_png(*size)))
    assert time.monotonic() - start < 1


def test_the_limit_of_pixels_moves_both_ways(monkeypatch):
    data = picture_bytes(RGB, "PNG")
    assert error_of(io.BytesIO(data), max_pixels=24 * 31 - 1) == "the stream has more than 743 pixels: 31×24"
    assert Picture.open(io.BytesIO(data), max_pixels=24 * 31).image.shape == (1, 3, 24, 31)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert Picture.open(io.BytesIO(data)).image.shape == (1, 3, 24, 31)


def test_what_takes_more_memory_to_decode_has_a_lower_limit():
    lossless = with_size(picture_bytes(RGBA, "WEBP", lossless=True), 10_240, 10_240)
    assert "more than 68.1 megapixels: 10240×10240" in error_of(io.BytesIO(lossless))
    assert "bytes for 10240×10240 pixels" in error_of(io.BytesIO(lying_png(10_240, 10_240)))


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(size):
    error_of(io.BytesIO(lying_png(*size)))
    error_of(io.BytesIO(b"P6 %d %d 255\n" % size))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_broken_metadata_does_not_keep_a_good_picture_out(format):
    rng = random.Random(0)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x9286] = 1, "a description", b"ASCII\0\0\0comment"
    good = exif.tobytes()
    for _ in range(60 if format != "TIFF" else 0):  # in a TIFF the picture itself is metadata
        broken = bytearray(good)
        for _ in range(rng.randrange(1, 9)):
            broken[rng.randrange(6, len(good))] = rng.randrange(256)
        data = picture_bytes(RGB, format, exif=bytes(broken))
        assert sorted(Picture.open(io.BytesIO(data)).image.shape) == [1, 3, 24, 31]
    data = picture_bytes(RGB, format, icc_profile=b"no profile" * 20)
    assert np.abs(pixels(Picture.open(io.BytesIO(data)).image) - smooth()).mean() < 4


# Saving


def image_of(samples):
    return torch.from_numpy(samples).movedim(-1, 0)[None] / 255


@pytest.mark.parametrize("suffix", LOSSLESS + LOSSY)
def test_what_is_saved_is_what_is_loaded(tmp_path, suffix):
    save_image(image_of(smooth()), tmp_path / f"a{suffix}")
    result = Picture.open(tmp_path / f"a{suffix}")
    tolerance = 0 if suffix in LOSSLESS else 2.5  # WebP halves the resolution of colours
    assert np.abs(pixels(result.image) - smooth()).mean() <= tolerance
    assert result.alpha is None
    assert names(tmp_path) == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_alpha_is_saved(tmp_path, suffix):
    image, alpha = image_of(smooth()), image_of(smooth(1))
    assert save_image(image, tmp_path / f"a{suffix}", alpha=alpha)
    np.testing.assert_array_equal(pixels(Picture.open(tmp_path / f"a{suffix}").alpha), smooth(1))


def test_a_jpeg_with_alpha_lies_on_white_and_says_so(tmp_path):
    image, alpha = torch.zeros(1, 3, 16, 32), torch.zeros(1, 1, 16, 32)
    alpha[..., 16:] = 1
    assert not save_image(image, tmp_path / "a.jpg", alpha=alpha)
    result = pixels(Picture.open(tmp_path / "a.jpg").image)
    assert result[:, :16].min() > 250
    assert result[:, 16:].max() < 5


def test_jpeg_keeps_the_colors_of_single_pixels(tmp_path):
    samples = np.zeros((16, 16, 3), np.uint8)
    samples[:, ::2, 0] = samples[:, 1::2, 2] = 200
    save_image(image_of(samples), tmp_path / "a.jpg")
    assert np.abs(pixels(Picture.open(tmp_path / "a.jpg").image) - samples).max() < 40


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_float_type_is_saved(tmp_path, dtype):
    save_image(image_of(smooth()).to(dtype), tmp_path / "a.png")
    assert np.abs(pixels(Picture.open(tmp_path / "a.png").image) - smooth()).max() <= 1


@pytest.mark.parametrize("format", ["png", "PNG", "jpg", "webp", "tif"])
def test_a_stream_is_written_in_the_format_asked_for(format):
    stream = io.BytesIO()
    save_image(image_of(smooth()), stream, format=format)
    stream.seek(0)
    assert np.abs(pixels(Picture.open(stream).image) - smooth()).mean() <= 2.5


def test_a_stream_needs_a_format():
    with pytest.raises(ValueError, match=r"expected a format of \.png, .* got None"):
        save_image(image_of(smooth()), io.BytesIO())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_stream_that_is_full_is_told():
    message = "cannot write /dev/full: No space left on device\nfree some space"
    with Path("/dev/full").open("wb", buffering=0) as stream, pytest.raises(StylerError, match=message):
        save_image(image_of(smooth()), stream, format="png")


@pytest.mark.parametrize("name", ["a", "a.gif", "a.png.bak", ".png"])
def test_an_ending_that_cannot_be_written_is_answered_with_those_that_can(tmp_path, name):
    with pytest.raises(
        StylerError, match=r"no file extension .*\nchoose one of \.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff"
    ):
        save_image(image_of(smooth()), tmp_path / name)


def test_the_format_may_differ_from_the_ending(tmp_path):
    save_image(image_of(smooth()), tmp_path / "a", format="webp")
    with Image.open(tmp_path / "a") as picture:
        assert picture.format == "WEBP"


def test_an_existing_picture_is_kept_unless_it_may_be_overwritten(tmp_path):
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(StylerError, match=r"exists already\n.*--overwrite"):
        save_image(image_of(smooth()), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    save_image(image_of(smooth()), tmp_path / "a.png", overwrite=True)
    np.testing.assert_array_equal(pixels(Picture.open(tmp_path / "a.png").image), smooth())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StylerError, match=r"no such folder: .*none\nmake it first: mkdir -p "):
        save_image(image_of(smooth()), tmp_path / "none" / "a.png")


def test_a_folder_in_the_pictures_place_is_not_replaced(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(StylerError, match="is not a file"):
        save_image(image_of(smooth()), tmp_path / "a.png", overwrite=True)


def test_a_closed_folder_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StylerError, match="Permission denied\nchoose a folder with write permission"):
        writable_format(tmp_path / "a.png")


def test_a_name_that_is_too_long_is_the_users_trouble(tmp_path):
    with pytest.raises(StylerError, match=r"cannot write .*: File name too long"):
        save_image(image_of(smooth()), tmp_path / ("a" * 300 + ".png"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_neither_half_a_picture_nor_a_temporary_file(tmp_path, monkeypatch, number):
    def full(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StylerError, match="\nfree some space"):
        save_image(image_of(smooth()), tmp_path / "a.png")
    assert names(tmp_path) == []


def test_an_interrupt_leaves_the_old_picture(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    (tmp_path / "a.png").write_bytes(b"old")
    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, interrupt)
            with pytest.raises(KeyboardInterrupt):
                save_image(image_of(smooth()), tmp_path / "a.png", overwrite=True)
    assert names(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_a_picture_too_long_for_its_format_is_refused(tmp_path, suffix):
    with pytest.raises(StylerError, match=r"cannot hold 70000×1 pixels: .*\nwrite PNG or TIFF"):
        save_image(torch.zeros(1, 3, 1, 70000), tmp_path / f"a{suffix}")
    assert names(tmp_path) == []


def test_a_picture_with_nan_is_not_written(tmp_path):
    with pytest.raises(StylerError, match="not numbers"):
        save_image(torch.full((1, 3, 4, 4), torch.nan), tmp_path / "a.png")
    assert names(tmp_path) == []
