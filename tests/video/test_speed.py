import numpy as np
import pytest
from samples import picture

from styler.images import Picture
from styler.video.speed import STEP, moving_picture, video_speed


@pytest.fixture
def photo():
    return Picture.of(picture(50, 70))


def test_a_picture_moves_by_whole_pixels(photo):
    frames = moving_picture(photo, (90, 60), 7)
    assert {frame.shape for frame in frames} == {(90, 60, 3)}
    np.testing.assert_array_equal(frames[3][:-3, : -3 * STEP], frames[0][3:, 3 * STEP :])


def test_the_network_is_a_part_of_the_whole(photo, stylizer, style):
    found = video_speed(stylizer, photo, style, (48, 64), count=4, rounds=1)
    assert (found.height, found.width, found.frames) == (48, 64, 4)
    assert min(found.whole, found.network) > 0
    assert 0 <= found.around < 1
