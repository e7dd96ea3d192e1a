import struct

import numpy as np
import pytest
from PIL import Image
from profiles import DISPLAY_P3, SRGB, SWAPPED

from styler.images.color_profile import own_conversion, srgb_conversion
from styler.images.matrix_profile import matrix_profile, srgb_from, srgb_to


def with_curve(tag):
    """sRGB's profile with another curve, at its end."""
    icc = bytearray(SRGB)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        struct.pack_into(">II", icc, icc.index(name) + 4, len(SRGB), len(tag))
    struct.pack_into(">I", icc, 0, len(SRGB) + len(tag))
    return bytes(icc) + tag


def parametric(kind, *values):
    return b"para" + bytes(4) + struct.pack(f">HH{len(values)}i", kind, 0, *(round(x * 65536) for x in values))


GAMMA = with_curve(b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)))
TABLE = with_curve(
    b"curv" + bytes(4) + struct.pack(">I1024H", 1024, *(round(65535 * (k / 1023) ** 1.8) for k in range(1024)))
)
PROFILES = {"sRGB": SRGB, "Display P3": DISPLAY_P3, "swapped": SWAPPED, "gamma": GAMMA, "table": TABLE}
NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


@pytest.mark.parametrize("icc", PROFILES.values(), ids=PROFILES)
def test_both_ways_are_those_of_littlecms_to_one_level_in_eight_bits(icc):
    profile, deep = matrix_profile(icc), NOISE.reshape(-1, 3).T * np.uint16(257)
    for ours, theirs in ((srgb_from, srgb_conversion("RGB", icc)), (srgb_to, own_conversion(icc))):
        expected = np.asarray(theirs(Image.fromarray(NOISE))).reshape(-1, 3).T
        difference = abs(np.rint(ours(profile, deep) / 257) - expected)
        assert np.percentile(difference, 99) <= 1  # LittleCMS is coarse itself near black
        assert difference.max() <= 4


@pytest.mark.parametrize("icc", PROFILES.values(), ids=PROFILES)
def test_the_way_there_and_back_keeps_fifteen_bits(icc):
    samples = np.random.default_rng(0).integers(20_000, 45_000, (3, 500), np.uint16)
    profile = matrix_profile(icc)
    back = srgb_from(profile, srgb_to(profile, samples))
    inside = ((srgb_to(profile, samples) > 0) & (srgb_to(profile, samples) < 65535)).all(axis=0)
    assert inside.sum() > 100
    assert abs(back.astype(int) - samples)[:, inside].max() <= 4


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (parametric(0, 2), lambda x: x**2),
        (parametric(1, 2, 1.1, -0.1), lambda x: np.where(x >= 0.1 / 1.1, (1.1 * x - 0.1) ** 2, 0)),
        (parametric(2, 2, 0.9, -0.1, 0.2), lambda x: np.where(x >= 0.1 / 0.9, (0.9 * x - 0.1) ** 2 + 0.2, 0.2)),
        (parametric(3, 2, 0.9, 0.1, 0.5, 0.1), lambda x: np.where(x >= 0.1, (0.9 * x + 0.1) ** 2, 0.5 * x)),
        (
            parametric(4, 2, 0.9, 0, 0.5, 0.1, 0.05, 0.02),
            lambda x: np.where(x >= 0.1, (0.9 * x) ** 2 + 0.05, 0.5 * x + 0.02),
        ),
    ],
    ids=range(5),
)
def test_parametric_curves_are_as_the_standard_has_them(tag, expected):
    curve = matrix_profile(with_curve(tag)).curves[0]
    x = np.arange(65536) / 65535
    np.testing.assert_allclose(curve, np.maximum.accumulate(expected(x).clip(0, 1)), atol=1e-4)


@pytest.mark.parametrize("icc", [None, b"", b"no profile" * 30, SRGB[:200], SRGB.replace(b"rTRC", b"none")])
def test_what_has_no_curves_and_matrix_is_none(icc):
    assert matrix_profile(icc) is None


def test_tables_go_before_the_matrix():
    assert matrix_profile(SRGB.replace(b"wtpt", b"A2B0")) is None


def test_a_broken_profile_never_fails():
    rng = np.random.default_rng(0)
    for _ in range(200):
        icc = bytearray(DISPLAY_P3)
        icc[rng.integers(128, len(icc))] = rng.integers(256)
        profile = matrix_profile(bytes(icc))
        if profile is not None:
            assert srgb_to(profile, srgb_from(profile, np.full((3, 2), 9000, np.uint16))).shape == (3, 2)
