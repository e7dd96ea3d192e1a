import io
import struct
import zlib

import numpy as np
import pytest
from hostile_files import RGB, chunk, picture_bytes, png, smooth
from PIL import Image
from profiles import SWAPPED
from tiff_files import page, tiff

from styler.errors import StylerError, StylerWarning
from styler.images import Picture

DEEP = smooth(4).astype(np.uint16) * 251 + 77


def samples(depth, channels):
    return smooth(4)[..., :channels] if depth == 8 else DEEP[..., :channels]


def read(data, **options):
    return Picture.open(data, **options).array()


def error_of(source, **options):
    with pytest.raises(StylerError) as caught:
        Picture.open(source, **options)
    return str(caught.value)


# TIFF


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tile", [None, 16])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
def test_every_layout_of_a_tiff_is_the_same_picture(depth, order, tile, planar, channels):
    own, more = samples(depth, channels), {338: (3, [2])} if channels == 4 else {}
    data = tiff([page(own, photometric=2, planar=planar, tile=tile, order=order, more=more)], order=order)
    if planar and tile:  # libvips 8.18 cannot
        assert "has a tile for each color, which styler does not read" in error_of(data)
        return
    np.testing.assert_array_equal(read(data), own)


@pytest.mark.parametrize("depth", [8, 16])
def test_zero_may_be_white(depth):
    own = samples(depth, 1)[..., 0]
    data = tiff([page(np.invert(own), photometric=0)])
    np.testing.assert_array_equal(read(data)[..., 1], own)


def test_a_channel_that_is_not_said_to_be_alpha_is_none():
    for more, channels in (({338: (3, [0])}, 3), ({338: (3, [2])}, 4)):
        assert read(tiff([page(samples(8, 4), photometric=2, more=more)])).shape[-1] == channels


def test_colors_multiplied_with_alpha_are_divided():
    own = samples(8, 4) | np.array([0, 0, 0, 128], np.uint8)
    multiplied = (own[..., :3] * (own[..., 3:] / 255)).round().astype(np.uint8)
    data = tiff([page(np.dstack([multiplied, own[..., 3]]), photometric=2, more={338: (3, [1])})])
    assert abs(read(data).astype(int) - own).max() <= 2


@pytest.mark.parametrize("first", ["whole", "small"])
def test_smaller_copies_of_a_page_are_no_pages(first):
    whole = page(samples(8, 3), photometric=2)
    small = page(samples(8, 3)[::2, ::2].copy(), photometric=2, subfile=1)
    mask = page(samples(8, 1), photometric=1, subfile=4)
    data = tiff([whole, small, mask] if first == "whole" else [small, whole, mask])
    np.testing.assert_array_equal(read(data), samples(8, 3))


def test_a_page_is_chosen_by_number():
    pages = [samples(8, 3), samples(8, 3)[::-1].copy(), samples(8, 3)[:, ::-1].copy()]
    data = tiff([page(one, photometric=2) for one in pages])
    for number, own in enumerate(pages, 1):
        np.testing.assert_array_equal(read(data, page=number), own)
    assert "has no page 4\nchoose a page from 1 to 3" in error_of(data, page=4)
    assert "has no page 0" in error_of(data, page=0)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_a_frame_is_chosen_by_number(format):
    options = {"WEBP": {"lossless": True}}.get(format, {})
    frames = [RGB.quantize(8).convert("RGB"), RGB.transpose(Image.Transpose.ROTATE_180).quantize(8).convert("RGB")]
    data = picture_bytes(frames[0], format, save_all=True, append_images=frames[1:], **options)
    for number, frame in enumerate(frames, 1):
        assert abs(read(data, page=number)[..., :3].astype(int) - np.asarray(frame)).mean() < 3


def test_one_page_is_page_one():
    np.testing.assert_array_equal(read(picture_bytes(RGB, "PNG"), page=1), smooth())
    assert "has no page 2" in error_of(picture_bytes(RGB, "PNG"), page=2)


@pytest.mark.parametrize("where", ["behind a thumbnail", "alone", "by its version", "by its name"])
def test_a_raw_file_is_never_its_thumbnail(tmp_path, where):
    raw = page(samples(16, 1), photometric=32803)
    small = {"subfile": 1} if where == "behind a thumbnail" else {}
    version = {50706: (1, [1, 4, 0, 0])} if where == "by its version" else {}
    thumbnail = page(samples(8, 3), photometric=2, more=version, **small)
    data = tiff([raw]) if where == "alone" else tiff([thumbnail], subpages=[raw])
    path = tmp_path / ("a.NEF" if where == "by its name" else "a.tif")
    path.write_bytes(data)
    assert error_of(path).startswith(f"{path} is a raw file of a camera, which styler does not read\ndevelop it")


def test_floats_in_color_are_refused_since_their_light_is_not_known():
    assert "3 × float" in error_of(tiff([page(smooth().astype(np.float32), photometric=2)]))


# Other kinds


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"II*\0\x10\0\0\0CR\2\0", "a raw file of a camera"),
        (b"\0\0\0\x18ftypcrx ", "a raw file of a camera"),
        (b"FUJIFILMCCD-RAW ", "a raw file of a camera"),
        (b"8BPS\0\1", "a Photoshop file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a vector drawing"),
        (b"v/1\x01", "a picture with high dynamic range"),
        (b"\0\0\0\x18ftypmp42", "a video"),
    ],
)
def test_what_is_not_read_is_named_for_what_it_is(tmp_path, head, words):
    (tmp_path / "a").write_bytes(head + bytes(60))
    assert f"a is {words}, which styler does not read\n" in error_of(tmp_path / "a")


def test_a_tga_is_named(tmp_path):
    RGB.save(tmp_path / "a.tga")
    assert "is a TGA file" in error_of(tmp_path / "a.tga")


@pytest.mark.parametrize(("head", "extra"), [(b"\0\0\0\x18ftypheic", "heif"), (b"\xff\x0a", "jxl")])
def test_an_extra_that_is_missing_is_named(monkeypatch, head, extra):
    for module in ("pillow_heif", "pillow_heif.HeifImagePlugin", "pillow_jxl"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    assert f"pip install 'styler[{extra}]'" in error_of(head + bytes(60))


def test_pictures_of_phones_are_read(tmp_path):
    heif = pytest.importorskip("pillow_heif", reason="the extra heif is not installed")
    heif.from_pillow(RGB).save(tmp_path / "a.heic", quality=90)
    assert abs(read(tmp_path / "a.heic").astype(int) - smooth()).mean() < 4


def test_the_picture_that_a_file_names_as_its_primary_one_is_read(tmp_path):
    heif = pytest.importorskip("pillow_heif", reason="the extra heif is not installed")
    file = heif.from_pillow(RGB.transpose(Image.Transpose.ROTATE_180))
    file.add_from_pillow(RGB)
    file.save(tmp_path / "a.heic", quality=90, primary_index=1)
    with pytest.warns(StylerWarning, match="2 frames or pages; number 2 is used unless a page is chosen"):
        main = read(tmp_path / "a.heic")
    other = read(tmp_path / "a.heic", page=1)
    assert abs(main.astype(int) - smooth()).mean() < 4
    assert abs(other[::-1, ::-1].astype(int) - smooth()).mean() < 4


def test_jpeg_xl_is_read():
    pytest.importorskip("pillow_jxl", reason="the extra jxl is not installed")
    np.testing.assert_array_equal(read(picture_bytes(RGB, "JXL", lossless=True)), smooth())


def without_adobe_marker(data):
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4]) :]


@pytest.mark.parametrize("marker", [True, False])
def test_cmyk_is_read_with_and_without_adobes_marker(marker):
    """Both are stored inverted: so Pillow, ImageMagick, Skia and libvips agree, though only the marker says it."""
    data = picture_bytes(RGB.convert("CMYK"), "JPEG", quality=100, subsampling=0)
    data = data if marker else without_adobe_marker(data)
    assert (b"Adobe" in data) == marker
    assert abs(read(data).astype(int) - smooth()).mean() < 3


def test_a_jpeg_2000_has_a_profile():
    data = picture_bytes(Image.new("RGB", (16, 16), (250, 10, 10)), "JPEG2000")
    header, at = data.index(b"jp2h"), data.index(b"colr")
    old = int.from_bytes(data[at - 4 : at])
    box = struct.pack(">I", len(SWAPPED) + 11) + b"colr\2\0\0" + SWAPPED
    length = int.from_bytes(data[header - 4 : header]) + len(box) - old
    data = data[: at - 4] + box + data[at - 4 + old :]
    data = data[: header - 4] + struct.pack(">I", length) + data[header:]
    red, green, _ = read(data)[4, 4]
    assert green > 240 > 30 > red


@pytest.mark.parametrize("tag", ["tEXt", "zTXt", "iCCP"])
def test_a_png_with_megabytes_beside_the_picture_opens(tag):
    noise = np.random.default_rng(0).bytes(5 << 20)
    content = {"tEXt": b"Comment\0" + b"a" * (5 << 20), "zTXt": b"Comment\0\0" + zlib.compress(noise)}
    content["iCCP"] = b"profile\0\0" + zlib.compress(SWAPPED + noise)
    data = png(9, 7, rows=bytes(7 * 28), before=chunk(tag.encode(), content[tag]))
    assert Picture.open(data).size == (7, 9)


def test_a_file_written_anew_is_read_anew(tmp_path):
    for own in (smooth(), smooth()[::-1].copy()):
        Image.fromarray(own).save(tmp_path / "a.png")
        np.testing.assert_array_equal(read(tmp_path / "a.png"), own)


def test_a_disk_that_fails_while_it_is_read_is_not_called_damage():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 100:
                raise OSError(5, "Input/output error")
            return super().read(min(size, 64) if size > 0 else 64)

    stream = Failing(picture_bytes(RGB, "PNG"))
    assert "cannot read the stream: Input/output error" in error_of(stream)
