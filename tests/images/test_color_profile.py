import io
import random

import numpy as np
import pytest
from PIL import Image, ImageCms
from profiles import BLUE, DISPLAY_P3, GREEN, P3, RED, SRGB, SWAPPED, noise

from styler.images.color_profile import srgb


def test_srgb_stays_as_it_is():
    np.testing.assert_array_equal(np.asarray(srgb(noise(icc=SRGB))), np.asarray(noise()))


def test_a_profile_with_swapped_primaries_swaps_the_colors():
    picture = Image.new("RGB", (2, 2), (250, 10, 10))
    picture.info["icc_profile"] = SWAPPED
    red, green, blue = np.asarray(srgb(picture))[0, 0]
    assert green > 240
    assert red < 30
    assert blue < 30


def test_a_wide_gamut_is_brought_to_srgb_as_its_matrix_says():
    picture = Image.new("RGB", (2, 2), (180, 100, 100))
    picture.info["icc_profile"] = DISPLAY_P3
    linear = ((np.array([180, 100, 100]) / 255 + 0.055) / 1.055) ** 2.4
    linear = np.linalg.solve(np.transpose([RED, GREEN, BLUE]), np.transpose(P3) @ linear)
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(np.asarray(srgb(picture))[0, 0], expected, atol=1)
    assert expected[0] > 190


def test_grey_with_a_profile_in_color_stays_grey():
    result = np.asarray(srgb(noise("L", icc=SWAPPED)))
    assert np.ptp(result.astype(int), axis=-1).max() <= 1


def test_lab_goes_through_its_profile():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    smooth = noise().resize((90, 80), Image.Resampling.BICUBIC)
    picture = smooth.convert("LAB")
    picture.info["icc_profile"] = lab
    difference = np.abs(np.asarray(srgb(picture)).astype(int) - np.asarray(smooth))
    assert np.median(difference) <= 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"])
@pytest.mark.parametrize("kind", ["LAB", "XYZ", "RGB"])
def test_a_profile_for_another_color_space_is_passed_over(mode, kind):
    icc = SWAPPED if kind == "RGB" else ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes()
    result = srgb(noise(mode, icc=icc))
    assert result.mode == "RGB"
    if kind not in ("RGB", mode):
        np.testing.assert_array_equal(np.asarray(result), np.asarray(noise(mode).convert("RGB")))


def test_a_broken_profile_never_fails():
    rng = random.Random(0)
    for index in range(300):
        icc = bytearray(DISPLAY_P3 if index % 2 else SRGB)
        for _ in range(rng.randrange(1, 9)):
            icc[rng.randrange(140 if index % 3 else len(icc))] = rng.randrange(256)
        icc = bytes(icc[: rng.randrange(len(icc))] if index % 4 == 0 else icc)
        assert srgb(noise(icc=icc)).size == (9, 8)


def test_the_profile_is_read_from_a_file():
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (250, 10, 10)).save(buffer, "PNG", icc_profile=SWAPPED)
    assert np.asarray(srgb(Image.open(buffer)))[0, 0, 1] > 240
