import io

import numpy as np
import pytest
import torch
from clips import moving_frames

from styler.errors import StylerError
from styler.video.live import LiveStylizer, image_of, stylize_raw
from styler.video.settings import VideoSettings
from styler.video.webcam import LiveSize, show_camera


@pytest.fixture
def live(stylizer, style):
    return LiveStylizer(stylizer, VideoSettings((style,)), (48, 64))


def test_raw_frames_go_through_in_order_and_number(live):
    frames = moving_frames(5)
    source, target = io.BytesIO(b"".join(frame.tobytes() for frame in frames)), io.BytesIO()
    assert stylize_raw(source, target, live, size=(48, 64), rate=25) == 5
    assert len(target.getvalue()) == 5 * 48 * 64 * 3


def test_a_strength_for_a_level_that_the_model_lacks_is_an_error(stylizer, style):
    del stylizer.model.decoders["relu3_1"]
    with pytest.raises(StylerError, match="no decoder for relu3_1"):
        LiveStylizer(stylizer, VideoSettings((style,), alpha={"relu3_1": 0.5}), (48, 64))


def test_strength_zero_gives_the_frames_themselves(stylizer, style):
    live = LiveStylizer(stylizer, VideoSettings((style,), alpha=0.0), (48, 64))
    for index, frame in enumerate(moving_frames(3)):
        assert torch.equal(live(image_of(frame), index / 25), image_of(frame))


def test_a_stream_that_ends_within_a_frame_is_an_error(live):
    source = io.BytesIO(bytes(48 * 64 * 3 + 5))
    with pytest.raises(StylerError, match="ends within a frame: 5 of 9216 bytes"):
        stylize_raw(source, io.BytesIO(), live, size=(48, 64), rate=25)


def test_a_cut_in_a_live_video_begins_anew(live):
    for index, frame in enumerate(moving_frames(8, seed=3)):
        live(image_of(frame), index / 25)
    alone = LiveStylizer(live.frames.stylizer, live.frames.settings, (48, 64))
    other = image_of(moving_frames(1, seed=4)[0])
    torch.testing.assert_close(live(other, 1.0), alone(other, 1.0))


class Camera:
    def __init__(self, frames):
        self.frames = iter(frames)

    def read(self):
        frame = next(self.frames, None)
        return frame is not None, frame


class Screen:
    def __init__(self, last):
        self.shown, self.last = [], last

    def show(self, frame):
        self.shown.append(frame)
        return len(self.shown) < self.last


@pytest.mark.parametrize(("last", "count"), [(9, 4), (2, 2)])
def test_the_camera_is_shown_until_it_or_the_window_ends(last, count, stylizer, style):
    screen = Screen(last)
    show_camera(stylizer, VideoSettings((style,)), Camera(moving_frames(4)), screen, side=32)
    assert len(screen.shown) == count
    assert screen.shown[0].shape == (48, 64, 3)


def test_the_size_follows_the_speed():
    size = LiveSize()
    assert [size.add(1.0) for _ in range(8)] == [False] * 7 + [True]
    assert size.side == 240
    for _ in range(8):
        size.add(0.001)
    assert size.side == 320
    assert np.isclose(size.seconds, 0)
