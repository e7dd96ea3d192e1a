import numpy as np
import pytest
import torch
from clips import moving_frames

from styler.model.catalog import find_model
from styler.model.weights import load_model
from styler.video.live import image_of
from styler.video.shots import CutDetector, change, frame_moments


@pytest.fixture(scope="module")
def small():
    return load_model(find_model("small"))


def detected(small, frames):
    detector, found = CutDetector(), []
    for frame in frames:
        image = torch.nn.functional.interpolate(image_of(frame), (48, 64))
        found += detector.push(frame_moments(small.encoder, image))
    found += detector.finish()
    assert len(found) == len(frames)
    return [index for index, begins in enumerate(found) if begins]


def shot(count, seed):
    return moving_frames(count, seed=seed)


def test_a_moving_picture_is_one_shot(small):
    assert detected(small, shot(20, 1)) == [0]


@pytest.mark.parametrize("lengths", [(10, 10), (12, 5, 9), (4, 8)], ids=str)
def test_cuts_are_where_the_picture_changes(lengths, small):
    frames = [frame for seed, count in enumerate(lengths) for frame in shot(count, seed + 3)]
    assert detected(small, frames) == [sum(lengths[:k]) for k in range(len(lengths))]


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_cut(length, small):
    frames = shot(20, 2)
    for index in range(9, 9 + length):
        frames[index] = np.full_like(frames[index], 250)
    assert detected(small, frames) == [0]


def test_a_fade_is_no_cut(small):
    frames = [(frame * (0.3 + 0.7 * k / 19)).astype(np.uint8) for k, frame in enumerate(shot(20, 2))]
    assert detected(small, frames) == [0]


def test_the_change_of_a_frame_to_itself_is_zero_and_it_is_symmetric(small):
    a, b = (frame_moments(small.encoder, image_of(shot(1, seed)[0])) for seed in (1, 2))
    assert change(a, a) < 1e-3
    assert change(a, b) == pytest.approx(change(b, a), rel=1e-3)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_short_videos_have_one_shot(count, small):
    assert detected(small, shot(5, 1)[:count]) == [0][:count]
