import cv2
import numpy as np
import pytest
from clips import moving_frames

from styler.video.flow import flow_search, gray, trusted_flow, warped
from styler.video.live import image_of


def test_what_was_uncovered_is_not_blended():
    dark = (np.random.default_rng(0).random((96, 128)) * 60).astype(np.uint8)
    bright = (np.random.default_rng(1).random((40, 40)) * 60 + 190).astype(np.uint8)
    before, now = dark.copy(), dark.copy()
    before[30:70, 40:80], now[30:70, 46:86] = bright, bright
    dis = flow_search()
    _, trust = trusted_flow(dis, before, now)
    assert trust[32:68, 41:45].mean() < 0.3
    assert trust[5:20, 5:120].mean() > 0.7


def test_flow_is_that_of_a_shifted_picture():
    a, b = (gray(image_of(frame)) for frame in moving_frames(2, 96, 128, step=3))
    dis = flow_search()
    flow, trust = trusted_flow(dis, a, b)
    assert np.median(flow[20:-20, 20:-20, 0]) == pytest.approx(3, abs=0.5)
    assert trust[20:-20, 20:-20].mean() > 0.5
    np.testing.assert_allclose(warped(a, np.zeros((*a.shape, 2), np.float32), cv2.INTER_LINEAR), a)


@pytest.mark.parametrize(("height", "width"), [(240, 320), (96, 131), (17, 40)])
def test_trust_is_a_number_from_zero_to_one(height, width):
    a, b = (gray(image_of(frame)) for frame in moving_frames(2, height, width, step=3))
    flow, trust = trusted_flow(flow_search(), a, b)
    assert flow.shape == (*a.shape, 2)
    assert np.isfinite(flow).all()
    assert ((trust >= 0) & (trust <= 1)).all()


@pytest.mark.parametrize(("size", "expected"), [((200, 300), (200, 300)), ((360, 640), (180, 320))])
def test_flow_is_computed_at_half_the_size_of_large_frames(size, expected):
    assert gray(image_of(moving_frames(1, *size)[0])).shape == expected
