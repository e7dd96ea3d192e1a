"""`styler webcam` with a clip as the camera."""

import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from clips import COUNT, HEIGHT, WIDTH, write_clip

from styler.video import webcam


@pytest.fixture
def command(styler, tiny_file, pair, tmp_path, monkeypatch):
    """Return a function that runs the command; camera 0 gives the frames of a clip, and no other is there."""
    clip, open_camera = str(write_clip(tmp_path / "camera.mp4")), cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: open_camera(clip if number == 0 else "nothing.mp4"))

    def run(*options):
        return styler("webcam", pair[1], "--model", tiny_file, "--device", "cpu", "--dtype", "float32", *options)

    return run


@pytest.fixture
def window(monkeypatch):
    """The frames that are shown, and the key that is pressed."""
    found = SimpleNamespace(frames=[], key=-1)
    monkeypatch.setattr(cv2, "imshow", lambda name, frame: found.frames.append(frame))
    monkeypatch.setattr(cv2, "waitKey", lambda milliseconds: found.key)
    return found


def test_frames_of_the_camera_are_shown_stylized_at_its_size_until_it_ends(command, window):
    assert command("--size", 32) == (0, "", "")
    assert len(window.frames) == COUNT - 1  # the first one tells the size
    assert {frame.shape for frame in window.frames} == {(HEIGHT, WIDTH, 3)}
    assert window.frames[0].std() > 1


def test_strength_zero_shows_the_camera_itself(command, window, tmp_path):
    command("--alpha", 0)
    camera = cv2.VideoCapture(0)
    camera.read()
    np.testing.assert_allclose(window.frames[0], camera.read()[1], atol=1)


@pytest.mark.parametrize("key", [ord("q"), 27])
def test_a_key_quits(key, command, window):
    window.key = key
    assert command("--size", 32)[0] == 0
    assert len(window.frames) == 1


def test_frames_go_to_a_virtual_camera_as_rgb(command, monkeypatch):
    sent, opened = [], []

    class Camera:
        def __init__(self, **options):
            opened.append(options)

        def send(self, frame):
            sent.append(frame)

    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=Camera))
    monkeypatch.setattr(webcam, "find_spec", lambda name: name)
    assert command("--size", 32, "--virtual")[0] == 0
    assert opened == [{"width": WIDTH, "height": HEIGHT, "fps": 30}]
    assert len(sent) == COUNT - 1
    assert sent[0].shape == (HEIGHT, WIDTH, 3)


def test_a_virtual_camera_needs_its_package(command, monkeypatch):
    monkeypatch.setattr(webcam, "find_spec", lambda name: None)
    status, _, err = command("--virtual")
    assert status == 1
    assert "pip install pyvirtualcam" in err


def test_an_opencv_without_windows_is_named(command, monkeypatch):
    def refuse(name, frame):
        raise cv2.error("not implemented")

    monkeypatch.setattr(cv2, "imshow", refuse)
    status, _, err = command("--size", 32)
    assert status == 1
    assert "this OpenCV cannot open windows\npip install opencv-python " in err


def test_a_camera_that_is_not_there_is_named(command):
    status, _, err = command("--camera", 9)
    assert status == 1
    assert "no camera 9" in err
