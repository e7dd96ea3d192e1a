import pytest
import torch
from clips import moving_frames

from styler.video.blending import Blender
from styler.video.live import image_of

NOISE = 0.1


def images(count=10, **options):
    return [image_of(frame) for frame in moving_frames(count, 96, 128, **options)]


def flickering(contents):
    return [(one + NOISE * torch.randn_like(one)).clamp(0, 1) for one in contents]


def test_flicker_is_reduced_where_the_picture_moves():
    contents = images()
    blender = Blender(0.8)
    blended = [blender(a, b) for a, b in zip(contents, flickering(contents), strict=True)]
    inside = (..., slice(16, -16), slice(16, -32))
    away = [(a - b)[inside].square().mean().sqrt() for a, b in zip(blended, contents, strict=True)]
    assert away[-1] < 0.6 * away[0]


def test_nothing_is_blended_at_zero_or_in_the_first_frame():
    content, result = images(1)[0], torch.rand(1, 3, 96, 128)
    assert Blender(0)(content, result) is result
    torch.testing.assert_close(Blender(0.7)(content, result), result)


def test_a_cut_leaves_no_ghost():
    before, after = images(3, seed=1), images(3, seed=2)
    blender = Blender(0.9)
    for one in before:
        blender(one, torch.zeros_like(one))
    found = blender(after[0], torch.ones_like(after[0]))
    assert float(1 - found.mean()) < 0.15  # of 0.9; and a cut that is found begins with a new blender


def test_a_flash_leaves_no_ghost():
    contents = images(5)
    contents[2] = torch.ones_like(contents[2])
    blender = Blender(0.9)
    results = [torch.full_like(one, 1.0 if k == 2 else 0.2) for k, one in enumerate(contents)]
    blended = [blender(a, b) for a, b in zip(contents, results, strict=True)]
    assert float((blended[2] - results[2]).abs().mean()) < 0.02
    assert float((blended[3] - results[3]).abs().mean()) < 0.02


def test_a_result_follows_a_ramp_of_light():
    contents = [one * (0.4 + 0.06 * k) for k, one in enumerate(images(10, step=0))]
    blender = Blender(0.7)
    blended = [blender(one, one) for one in contents]
    lag = float((contents[-1] - blended[-1]).mean())
    assert lag < 0.04  # without the light of the surroundings 0.07


@pytest.mark.parametrize("size", [(8, 8), (20, 16), (31, 47)])
def test_small_and_odd_frames_are_blended_or_left(size):
    blender = Blender(0.7)
    for _ in range(3):
        found = blender(torch.rand(1, 3, *size), torch.rand(1, 3, *size))
        assert found.shape == (1, 3, *size)
        assert bool(found.isfinite().all())
