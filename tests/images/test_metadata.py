import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, TiffImagePlugin
from profiles import DISPLAY_P3, SRGB
from profiles import noise as noise_picture

from styler.images import Picture
from styler.images.exif import Tag, block, read_pages, swapped
from styler.images.metadata import Metadata
from styler.images.saving import save_image

FORMATS = ["png", "jpg", "webp", "tif"]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6">caf\xc3\xa9</a></x:xmpmeta>'
UPRIGHT_XMP = XMP.replace(b'"6"', b'"1"')
SETTINGS = '{"style": "Café \\u4e2d", "alpha": 0.5}'


def exif_of_camera():
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "Camera", 6
    exif[ExifTags.Base.XResolution] = TiffImagePlugin.IFDRational(300, 1)
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ExposureTime] = TiffImagePlugin.IFDRational(1, 250)
    inner[ExifTags.Base.MakerNote] = b"\1\2\3" * 50
    inner[ExifTags.Base.UserComment] = b"ASCII\0\0\0at the sea"
    inner[ExifTags.Base.ExifImageWidth] = 31
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return exif


def photograph(format, **options):
    buffer = io.BytesIO()
    options = {"exif": exif_of_camera().tobytes(), "icc_profile": DISPLAY_P3, **options}
    noise_picture().resize((31, 24)).save(buffer, format, **options)
    buffer.seek(0)
    return buffer


def saved(picture, format, **options):
    buffer = io.BytesIO()
    save_image(picture.samples, buffer, format=format, **options)
    buffer.seek(0)
    return buffer


def tags(block):
    exif = next(read_pages(io.BytesIO(block)))
    exif = swapped(exif) if block[:2] == b"MM" else exif
    inner = {number: tag for tag in exif.values() if isinstance(tag, dict) for number, tag in tag.items()}
    return {number: tag for number, tag in exif.items() if not isinstance(tag, dict)} | inner


@pytest.mark.parametrize("source", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("target", FORMATS)
def test_metadata_goes_from_every_format_to_every_other(source, target):
    photo = Picture.open(photograph(source))
    assert tags(photo.metadata.exif)[ExifTags.Base.Make].data == b"Camera\0"
    again = Picture.open(saved(photo, target, metadata=photo.metadata))
    assert tags(again.metadata.exif) == tags(photo.metadata.exif)
    assert again.metadata.icc == DISPLAY_P3
    assert again.samples.shape == photo.samples.shape == (1, 3, 31, 24)


@pytest.mark.parametrize("format", FORMATS)
def test_pillow_reads_what_was_written_and_nothing_is_turned_twice(format):
    photo = Picture.open(photograph("JPEG"))
    with Image.open(saved(photo, format, metadata=photo.metadata)) as picture:
        picture.load()
        exif = picture.getexif()
        assert exif.get(ExifTags.Base.Orientation, 1) == 1
        assert exif[ExifTags.Base.Make] == "Camera"
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        assert inner[ExifTags.Base.ExposureTime] == 1 / 250
        assert inner[ExifTags.Base.MakerNote] == b"\1\2\3" * 50
        assert inner[ExifTags.Base.UserComment] == b"ASCII\0\0\0at the sea"
        assert ExifTags.Base.ExifImageWidth not in inner
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        assert picture.info["icc_profile"] == DISPLAY_P3


@pytest.mark.parametrize("format", FORMATS)
def test_xmp_is_kept_but_for_its_orientation(format):
    photo = Picture.open(photograph("JPEG", exif=b"", xmp=XMP))
    assert photo.samples.shape == (1, 3, 31, 24)  # readers fall back on XMP's orientation, so does Pillow
    assert photo.metadata.xmp == UPRIGHT_XMP
    again = Picture.open(saved(photo, format, metadata=photo.metadata))
    assert again.metadata.xmp == UPRIGHT_XMP
    assert again.samples.shape == (1, 3, 31, 24)


@pytest.mark.parametrize("format", FORMATS)
def test_settings_are_recorded_alone_and_beside_the_rest(format):
    photo = Picture.open(photograph("JPEG"))
    alone = Picture.open(saved(photo, format, metadata=Metadata(settings=SETTINGS))).metadata
    assert alone == Metadata(settings=SETTINGS)
    beside = Metadata(photo.metadata.exif, settings=SETTINGS)
    again = Picture.open(saved(photo, format, metadata=beside)).metadata
    assert again.settings == SETTINGS
    assert tags(again.exif)[ExifTags.Base.Make].data == b"Camera\0"


def test_the_comment_of_a_photographer_gives_no_settings():
    assert Picture.open(photograph("JPEG")).metadata.settings is None


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_written_unless_it_is_given(format):
    photo = Picture.open(photograph("JPEG"))
    assert Picture.open(saved(photo, format)).metadata == Metadata()


def test_a_thumbnail_is_dropped():
    exif = exif_of_camera()
    block = bytearray(exif.tobytes()[6:])
    thumbnail = len(block)
    # A second directory, as cameras have it: where the thumbnail lies, and its length.
    end = 8 + 2 + 12 * int.from_bytes(block[8:10], "little" if block[:2] == b"II" else "big")
    order = "little" if block[:2] == b"II" else "big"
    block[end : end + 4] = thumbnail.to_bytes(4, order)
    entry = (513).to_bytes(2, order) + (4).to_bytes(2, order) + (1).to_bytes(4, order) + thumbnail.to_bytes(4, order)
    block += (1).to_bytes(2, order) + entry + bytes(4) + b"the thumbnail"
    photo = Picture.open(photograph("JPEG", exif=b"Exif\0\0" + bytes(block)))
    assert b"the thumbnail" not in photo.metadata.exif
    assert tags(photo.metadata.exif)[ExifTags.Base.Make].data == b"Camera\0"


def test_exif_that_jpeg_cannot_hold_is_left_out_but_not_the_settings():
    exif = exif_of_camera()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = bytes(70_000)
    photo = Picture.open(photograph("PNG", exif=exif.tobytes()))
    long = Metadata(photo.metadata.exif, XMP * 1000, settings=SETTINGS)
    assert Picture.open(saved(photo, "jpg", metadata=long)).metadata == Metadata(settings=SETTINGS)
    assert len(Picture.open(saved(photo, "webp", metadata=long)).metadata.exif) > 70_000


def test_exif_as_text_in_a_png_is_read():
    block = exif_of_camera().tobytes()
    text = f"\nexif\n{len(block):8}\n" + "\n".join(block.hex()[i : i + 72] for i in range(0, 2 * len(block), 72))
    chunks = Image.new("RGB", (1, 1)), io.BytesIO()
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Raw profile type exif", text)
    chunks[0].resize((31, 24)).save(chunks[1], "PNG", pnginfo=info)
    photo = Picture.open(io.BytesIO(chunks[1].getvalue()))
    assert photo.samples.shape == (1, 3, 31, 24)
    assert tags(photo.metadata.exif)[ExifTags.Base.Make].data == b"Camera\0"


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_picture_that_was_not_rgb_is_written_in_plain_srgb(mode):
    buffer = io.BytesIO()
    noise_picture().convert(mode).save(buffer, "TIFF", icc_profile=b"a profile that is none")
    photo = Picture.open(io.BytesIO(buffer.getvalue()))
    assert photo.metadata.icc == b"a profile that is none"
    again = Picture.open(saved(photo, "png", metadata=photo.metadata))
    assert again.metadata.icc is None
    assert torch.equal(again.samples, photo.samples)


@pytest.mark.parametrize(("format", "depth"), [("png", 8), ("tif", 8), ("png", 16), ("tif", 16)])
def test_colors_go_back_to_the_profile_that_they_came_in(format, depth):
    own = np.random.default_rng(0).integers(90, 160, (24, 31, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(own).save(buffer, "PNG", icc_profile=DISPLAY_P3)
    photo = Picture.open(io.BytesIO(buffer.getvalue()))
    assert abs(photo.samples[0].movedim(0, -1).numpy().astype(int) - own).mean() > 2
    again = saved(photo, format, metadata=photo.metadata, depth=depth)
    back = Picture.open(again)
    assert (back.image - photo.image).abs().max() < 2.5 / 255
    again.seek(0)
    with Image.open(again) as picture:
        assert abs(np.asarray(picture).astype(int) - own).max() <= 2


def test_srgbs_own_profile_changes_no_sample():
    buffer = io.BytesIO()
    noise_picture().save(buffer, "PNG", icc_profile=SRGB)
    photo = Picture.open(io.BytesIO(buffer.getvalue()))
    again = Picture.open(saved(photo, "png", metadata=photo.metadata))
    assert again.metadata.icc == SRGB
    assert torch.equal(again.samples, torch.from_numpy(np.array(noise_picture())).movedim(-1, 0)[None])


@pytest.mark.parametrize("source", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("target", [*FORMATS, "avif"])
def test_the_resolution_is_kept(source, target):
    photo = Picture.open(photograph(source, exif=b"", dpi=(300, 300)))
    again = saved(photo, target, metadata=photo.metadata)
    assert Picture.open(again.getvalue()).metadata.resolution == pytest.approx((300 / 25.4, 300 / 25.4), rel=1e-3)
    if target in ("png", "jpg", "tif"):
        with Image.open(again) as picture:
            assert [round(float(value)) for value in picture.info["dpi"]] == [300, 300]


@pytest.mark.parametrize("target", [*FORMATS, "avif"])
def test_a_photographers_comment_and_the_settings_stand_side_by_side(target):
    photo = Picture.open(photograph("JPEG"))
    again = Picture.open(saved(photo, target, metadata=replace(photo.metadata, settings=SETTINGS))).metadata
    assert again.settings == SETTINGS
    assert tags(again.exif) == tags(photo.metadata.exif)
    assert tags(again.exif)[ExifTags.Base.UserComment].data == b"ASCII\0\0\0at the sea"


@pytest.mark.parametrize("kind", ["comment", "text"])
def test_settings_are_still_read_from_where_they_stood(kind):
    from PIL.PngImagePlugin import PngInfo

    exif, info = Image.Exif(), PngInfo()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"ASCII\0\0\0styler " + SETTINGS.encode()
    info.add_itxt("styler", SETTINGS)
    if kind == "comment":
        found = Picture.open(photograph("JPEG", exif=exif.tobytes())).metadata
    else:
        found = Picture.open(photograph("PNG", exif=b"", pnginfo=info)).metadata
    assert found.settings == SETTINGS
    assert found.exif is None


@pytest.mark.parametrize("target", ["jpg", "tif"])
def test_iptc_is_kept(target):
    iptc = b"\x1c\x02\x50\x00\x03Ada\x1c\x02\x78\x00\x06Bergen"
    first = saved(Picture.open(photograph("JPEG")), "jpg", metadata=Metadata(iptc=iptc))
    again = Picture.open(saved(Picture.open(first), target, metadata=Metadata(iptc=iptc)).getvalue())
    assert again.metadata.iptc.rstrip(b"\0") == iptc
    with Image.open(first) as picture:
        assert picture.info["photoshop"][0x0404] == iptc


@pytest.mark.parametrize("target", [*FORMATS, "avif"])
def test_tags_that_nobody_knows_are_kept_to_the_byte(target):
    note = Tag(7, 40, b"Nikon\0\2\1" + bytes(range(32)))
    own = {271: Tag(2, 7, b"Camera\0"), 18246: Tag(3, 1, b"\5\0"), 34665: {37500: note, 0x9999: Tag(2, 4, b"new\0")}}
    photo = Picture.of(noise_picture())
    again = Picture.open(saved(photo, target, metadata=Metadata(block(own, "<")))).metadata
    assert next(read_pages(io.BytesIO(again.exif))) == own
