import cv2
import numpy as np
import pytest

from styler.video.detail import MOST, with_detail_of


@pytest.fixture
def noise():
    gray = np.random.default_rng(0).random((64, 96, 1), np.float32) * 0.5 + 0.25
    return gray.repeat(3, axis=2)


def deviation(image):
    return float((image - cv2.GaussianBlur(image, (0, 0), 3)).std())


def test_detail_that_was_weakened_is_given_back(noise):
    weak = 0.5 + 0.8 * (noise - 0.5)
    assert deviation(with_detail_of(weak, noise)) == pytest.approx(deviation(noise), rel=0.03)


def test_detail_is_enlarged_within_a_limit_and_never_reduced(noise):
    weak = 0.5 + 0.1 * (noise - 0.5)
    assert deviation(with_detail_of(weak, noise)) == pytest.approx(MOST * deviation(weak), rel=0.05)
    np.testing.assert_allclose(with_detail_of(noise, weak), noise, atol=1e-5)


def test_flat_places_stay_flat(noise):
    flat = np.full_like(noise, 0.3)
    np.testing.assert_allclose(with_detail_of(flat, noise), flat, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (5, 31)])
def test_small_images_are_taken(size):
    assert with_detail_of(np.zeros((*size, 3), np.float32), np.ones((*size, 3), np.float32)).shape == (*size, 3)
