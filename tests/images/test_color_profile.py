import io
import random
import struct

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from profiles import BLUE, DISPLAY_P3, GREEN, P3, RED, SRGB, SWAPPED, grey_profile, noise

from styler.images import Picture
from styler.images.color_profile import is_writable
from styler.images.exif import EXIF, INTEROPERABILITY, Tag, block

NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def colors(picture: Image.Image) -> np.ndarray:
    return np.asarray(Picture.of(picture).pil().convert("RGB"))


def written(samples: np.ndarray, icc: bytes, format: str = "tif") -> Picture:
    """A picture in sRGB, written in a profile, and read again."""
    buffer, picture = io.BytesIO(), Picture.of(samples)
    picture = Picture(picture.samples, None, picture.depth, Picture.of(noise(icc=icc)).metadata)
    picture.save(buffer, format=format)
    return Picture.open(buffer.getvalue())


def with_curve(tag):
    """sRGB's profile with another curve, at its end."""
    icc, tag = bytearray(SRGB), tag + bytes(-len(tag) % 4)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        struct.pack_into(">II", icc, icc.index(name) + 4, len(SRGB), len(tag))
    struct.pack_into(">I", icc, 0, len(SRGB) + len(tag))
    return bytes(icc) + tag


def parametric(kind, *values):
    return b"para" + bytes(4) + struct.pack(f">HH{len(values)}i", kind, 0, *(round(x * 65536) for x in values))


def with_tables() -> bytes:
    """A profile that has a table of 2 × 2 × 2 colors each way, between RGB and XYZ: its channels are swapped."""
    identity = b"".join(struct.pack(">H", round(65535 * k / 1)) for _ in range(3) for k in (0, 1))
    matrix = struct.pack(">9i", *(65536 * (k % 4 == 0) for k in range(9)))
    grid = [(b, g, r) for r in (0, 1) for g in (0, 1) for b in (0, 1)]  # the first channel varies least
    # PCS XYZ in 16 bits: 1 + 32767/32768 is 65535. What lies in the table is linear light under D50.
    light = [np.transpose([RED, GREEN, BLUE]) @ np.array(color) for color in grid]
    table = b"".join(struct.pack(">3H", *(round(x * 32768) for x in xyz)) for xyz in light)
    lut = b"mft2" + bytes(4) + bytes([3, 3, 2, 0]) + matrix + struct.pack(">HH", 2, 2) + identity + table + identity
    entries = {b"A2B0": lut, b"B2A0": lut, b"desc": SRGB[:0] + b"desc" + bytes(8) + bytes(80)}
    entries |= {b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)}
    entries |= {b"cprt": b"text" + bytes(4) + b"none\0\0\0\0"}
    at, directory, data = 132 + 12 * len(entries), b"", b""
    for name, content in entries.items():
        content += bytes(-len(content) % 4)
        directory += name + struct.pack(">II", at + len(data), len(content))
        data += content
    head = bytearray(SRGB[:128])
    struct.pack_into(">I", head, 0, at + len(data))
    head[8:12], head[84:100] = b"\x02\x10\0\0", bytes(16)
    return bytes(head) + struct.pack(">I", len(entries)) + directory + data


GAMMA = with_curve(b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)))
TABLE = with_curve(
    b"curv" + bytes(4) + struct.pack(">I1024H", 1024, *(round(65535 * (k / 1023) ** 1.8) for k in range(1024)))
)
PARAMETRIC = with_curve(parametric(3, 2, 0.9, 0.1, 0.5, 0.1))
PROFILES = {"P3": DISPLAY_P3, "swapped": SWAPPED, "gamma": GAMMA, "table": TABLE, "parametric": PARAMETRIC}


def test_srgb_stays_as_it_is():
    np.testing.assert_array_equal(colors(noise(icc=SRGB)), np.asarray(noise()))


def test_a_profile_with_swapped_primaries_swaps_the_colors():
    picture = Image.new("RGB", (2, 2), (250, 10, 10))
    picture.info["icc_profile"] = SWAPPED
    red, green, blue = colors(picture)[0, 0]
    assert green > 240
    assert red < 30
    assert blue < 30


@pytest.mark.parametrize("depth", [8, 16])
def test_a_wide_gamut_is_brought_to_srgb_as_its_matrix_says(depth):
    linear = ((np.array([180, 100, 100]) / 255 + 0.055) / 1.055) ** 2.4
    linear = np.linalg.solve(np.transpose([RED, GREEN, BLUE]), np.transpose(P3) @ linear)
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    samples = np.full((2, 2, 3), (180, 100, 100), np.uint8)
    if depth == 16:
        buffer = io.BytesIO()
        Picture.of(samples.astype(np.uint16) * 257).save(buffer, format="png")
        import pyvips

        image = pyvips.Image.new_from_buffer(buffer.getvalue(), "").copy()
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", DISPLAY_P3)
        found = Picture.open(image.pngsave_buffer()).array("f4")[0, 0] * 255
    else:
        picture = Image.fromarray(samples)
        picture.info["icc_profile"] = DISPLAY_P3
        found = colors(picture)[0, 0]
    np.testing.assert_allclose(found, expected, atol=1 if depth == 8 else 0.3)
    assert expected[0] > 190


@pytest.mark.parametrize("icc", PROFILES.values(), ids=PROFILES)
def test_both_ways_are_those_of_littlecms_to_one_level(icc):
    srgb, profile = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(icc))
    to, back = (
        ImageCms.buildTransform(
            *pair, "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        )
        for pair in ((profile, srgb), (srgb, profile))
    )
    picture = Image.fromarray(NOISE)
    picture.info["icc_profile"] = icc
    difference = abs(colors(picture).astype(int) - np.asarray(to.apply(Image.fromarray(NOISE))))
    assert np.percentile(difference, 99) <= 1  # LittleCMS is coarse itself near black
    assert difference.max() <= 4
    buffer = io.BytesIO()
    Picture(Picture.of(NOISE).samples, None, 8, Picture.of(picture).metadata).save(buffer, format="png")
    with Image.open(buffer) as stored:
        difference = abs(np.asarray(stored).astype(int) - np.asarray(back.apply(Image.fromarray(NOISE))))
    assert np.percentile(difference, 99) <= 1
    assert difference.max() <= 4


@pytest.mark.parametrize("icc", PROFILES.values(), ids=PROFILES)
def test_the_way_there_and_back_keeps_twelve_bits(icc):
    samples = np.random.default_rng(0).integers(25_000, 40_000, (20, 25, 3), np.uint16)
    back = written(samples, icc)
    assert back.depth == 16
    assert back.metadata.icc == icc
    assert np.percentile(abs(back.array().astype(int) - samples), 99) <= 16


def test_a_profile_of_tables_is_applied_in_sixteen_bits():
    icc, ramp = with_tables(), np.linspace(20_000, 30_000, 400).astype(np.uint16)
    import pyvips

    image = pyvips.Image.new_from_array(ramp.reshape(20, 20, 1).repeat(3, -1), interpretation="rgb16").copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    found = Picture.open(image.pngsave_buffer())
    assert found.depth == 16
    assert len(np.unique(found.array())) > 300


def test_grey_with_a_profile_in_color_stays_grey():
    result = colors(noise("L", icc=SWAPPED))
    assert np.ptp(result.astype(int), axis=-1).max() <= 1


@pytest.mark.parametrize("depth", [8, 16])
def test_a_grey_profile_is_applied(depth):
    light = np.linspace(0.05, 1, 200).reshape(10, 20)
    samples = (light * (2**depth - 1)).round().astype(f"u{depth // 8}")
    import pyvips

    image = pyvips.Image.new_from_array(samples, interpretation="b-w" if depth == 8 else "grey16").copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", grey_profile(1.0))
    found = Picture.open(image.pngsave_buffer())
    assert found.depth == depth
    expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(found.array("f4")[..., 1] * 255, expected, atol=2 if depth == 8 else 1.5)


def test_lab_goes_through_its_profile():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    smooth = noise().resize((90, 80), Image.Resampling.BICUBIC)
    picture = smooth.convert("LAB")
    picture.info["icc_profile"] = lab
    difference = np.abs(colors(picture).astype(int) - np.asarray(smooth))
    assert np.median(difference) <= 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"])
@pytest.mark.parametrize("kind", ["LAB", "XYZ", "RGB"])
def test_a_profile_for_another_color_space_is_passed_over(mode, kind):
    icc = SWAPPED if kind == "RGB" else ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes()
    result = colors(noise(mode, icc=icc))
    if kind not in ("RGB", mode):
        np.testing.assert_array_equal(result, np.asarray(noise(mode).convert("RGB")))


@pytest.mark.slow
def test_a_broken_profile_never_fails():
    rng = random.Random(0)
    for index in range(300):
        icc = bytearray(DISPLAY_P3 if index % 2 else SRGB)
        for _ in range(rng.randrange(1, 9)):
            icc[rng.randrange(140 if index % 3 else len(icc))] = rng.randrange(256)
        icc = bytes(icc[: rng.randrange(len(icc))] if index % 4 == 0 else icc)
        found = Picture.of(noise(icc=icc))
        assert found.size == (8, 9)
        found.save(io.BytesIO(), format="png")


@pytest.mark.parametrize("icc", [None, b"", b"no profile" * 30, SRGB[:200], grey_profile(2.2)])
def test_what_is_no_profile_for_rgb_is_not_written(icc):
    assert not is_writable(icc)


def test_the_profile_is_read_from_a_file():
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (250, 10, 10)).save(buffer, "PNG", icc_profile=SWAPPED)
    assert colors(Image.open(buffer))[0, 0, 1] > 240


def test_cameras_say_adobe_rgb_in_tags_alone():
    exif = block({EXIF: {0xA001: Tag(3, 1, b"\xff\xff"), INTEROPERABILITY: {1: Tag(2, 4, b"R03\0")}}}, "<")
    own, buffer = np.full((16, 16, 3), (200, 120, 90), np.uint8), io.BytesIO()
    Image.fromarray(own).save(buffer, "PNG", exif=exif)
    found = Picture.open(buffer.getvalue())
    linear = (np.array([200, 120, 90]) / 255) ** 2.19921875
    adobe = np.array([(0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457)])
    linear = np.linalg.solve(np.transpose([RED, GREEN, BLUE]), adobe @ linear)
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(found.array()[0, 0], expected, atol=1.5)
    again = io.BytesIO()
    found.save(again, format="png")
    with Image.open(again) as stored:
        assert abs(np.asarray(stored).astype(int) - own).max() <= 2
        assert b"Adobe RGB" in stored.info["icc_profile"]
    assert torch.equal(Picture.open(again.getvalue()).samples, found.samples)
