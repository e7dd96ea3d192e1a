"""The camera, stylized live in a window or into a virtual camera."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

import cv2
import numpy as np

from styler.errors import StylerError
from styler.transfer.stylizer import Stylizer
from styler.video.live import LiveStylizer, array_of, image_of
from styler.video.settings import VideoSettings

SIDES = (160, 240, 320, 480, 640, 960, 1280)
"""Longer sides to choose from."""

WANTED_RATE = 12.0
"""Frames per second that the size is chosen for."""

WINDOW = "styler webcam (press q to quit)"


class Screen(Protocol):
    """Where frames are shown."""

    def show(self, frame: np.ndarray) -> bool:
        """Show a frame `(H, W, 3)`, RGB bytes; return whether to go on."""
        ...


class Window:
    """A window of OpenCV."""

    def show(self, frame: np.ndarray) -> bool:
        """Show a frame until the next; q or Escape ends.

        Raises:
            StylerError: If OpenCV was built without windows.
        """
        try:
            cv2.imshow(WINDOW, frame[..., ::-1])
            return cv2.waitKey(1) & 0xFF not in (ord("q"), 27)
        except cv2.error as error:
            todo = "pip install opencv-python instead of opencv-python-headless, or use --virtual"
            raise StylerError("this OpenCV cannot open windows", todo) from error


class VirtualCamera:
    """A camera that other programs see, by pyvirtualcam."""

    def __init__(self, width: int, height: int):
        """Open it.

        Raises:
            StylerError: If pyvirtualcam is not installed, or this system has no virtual camera.
        """
        if find_spec("pyvirtualcam") is None:
            raise StylerError("--virtual needs pyvirtualcam, which is not installed", "pip install pyvirtualcam")
        import pyvirtualcam  # ty: ignore[import-not-found]  an optional package of its own

        try:
            self._camera: Any = pyvirtualcam.Camera(width=width, height=height, fps=30)
        except RuntimeError as error:
            todo = "install OBS, or v4l2loopback on Linux"
            raise StylerError(f"no virtual camera: {next(iter(str(error).splitlines()), '')}", todo) from error

    def show(self, frame: np.ndarray) -> bool:
        """Send a frame."""
        self._camera.send(frame)
        return True


@dataclass
class LiveSize:
    """The longer side of the frames: as large as keeps up with `WANTED_RATE`."""

    side: int = 320
    seconds: float = 0.0
    count: int = 0

    def add(self, seconds: float) -> bool:
        """Add the time of a frame; return whether the side changed, which is decided every few frames."""
        self.seconds, self.count = self.seconds + seconds, self.count + 1
        if self.count < 8:
            return False
        rate, index = self.count / max(self.seconds, 1e-6), SIDES.index(self.side)
        self.seconds, self.count = 0.0, 0
        if rate < WANTED_RATE and index > 0:
            self.side = SIDES[index - 1]
            return True
        if index + 1 < len(SIDES) and rate > 1.3 * WANTED_RATE * (SIDES[index + 1] / self.side) ** 2:
            self.side = SIDES[index + 1]
            return True
        return False


def show_camera(
    stylizer: Stylizer,
    settings: VideoSettings,
    camera: "cv2.VideoCapture",
    screen: Screen,
    *,
    side: int | None = None,
    on_frame: Callable[[int, int, float], None] = lambda width, height, seconds: None,
) -> None:
    """Show the camera in the style until the screen ends it, or the camera gives no more frames.

    Args:
        stylizer: A loaded model.
        settings: How frames are stylized.
        camera: An open camera.
        screen: Where frames are shown.
        side: Longer side of the frames in pixels; by default as large as keeps up.
        on_frame: Called with width, height and the seconds of each frame.
    """
    chosen, live, start = LiveSize(), None, time.monotonic()
    while True:
        found, frame = camera.read()
        if not found:
            return
        begin = time.monotonic()
        small = resized(frame, side or chosen.side)
        if live is None or live.frames.size != small.shape[:2]:
            live = LiveStylizer(stylizer, settings, (small.shape[0], small.shape[1]))
        result = array_of(live(image_of(small[..., ::-1]), begin - start))
        seconds = time.monotonic() - begin
        on_frame(result.shape[1], result.shape[0], seconds)
        if not screen.show(cv2.resize(result, (frame.shape[1], frame.shape[0]))):
            return
        chosen.add(seconds)


def resized(frame: np.ndarray, side: int) -> np.ndarray:
    """Return a frame with its longer side at most `side` pixels long."""
    scale = min(1.0, side / max(frame.shape[:2]))
    return cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def opened_camera(number: int) -> "cv2.VideoCapture":
    """Return an open camera.

    Raises:
        StylerError: If there is none of this number.
    """
    camera = cv2.VideoCapture(number)
    if not camera.isOpened():
        raise StylerError(f"no camera {number}", "connect one, or choose another with --camera")
    return camera
