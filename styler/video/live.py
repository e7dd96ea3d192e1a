"""Live video: frames as they come, without a second look, from a pipe or a camera."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from styler.errors import StylerError
from styler.images.pixels import quantized, resize_to
from styler.transfer.stylizer import Stylizer
from styler.video.blending import Blender
from styler.video.frame_stylizing import FrameStylizer, Sample
from styler.video.settings import VideoSettings, with_frame_moments
from styler.video.shots import FLOOR, RATIO, SIDE, change, frame_moments


class LiveStylizer:
    """Stylizes frames of one size one after the other; a cut is a change far above the usual."""

    def __init__(self, stylizer: Stylizer, settings: VideoSettings, size: tuple[int, int]):
        """Open the masks.

        Args:
            stylizer: A loaded model.
            settings: Each frame has maps of its own, since its shot is not known yet.
            size: Height and width of the frames.
        """
        self.frames = FrameStylizer(stylizer, with_frame_moments(settings), size)
        self._blender, self._before, self._usual = Blender(settings.steady), None, 0.0

    def __call__(self, image: Tensor, seconds: float) -> Tensor:
        """Return a frame `(1, 3, H, W)`, floats in [0, 1], in the style."""
        if self._is_cut(image):
            self._blender = Blender(self.frames.settings.steady)
            self.frames.begin_shot([Sample(image)])
        result = self._blender(image, self.frames.stylized(image, seconds, None), self.frames.masks_at(seconds))
        return self.frames.with_kept(result, image, seconds)

    def _is_cut(self, image: Tensor) -> bool:
        scale = min(1.0, SIDE / max(image.shape[-2:]))
        small = resize_to(image, (max(16, round(image.shape[-2] * scale)), max(16, round(image.shape[-1] * scale))))
        now = frame_moments(self.frames.stylizer.model.encoder, small)
        before, self._before = self._before, now
        if before is None:
            return True
        jump, usual = change(now, before), self._usual
        self._usual = 0.8 * usual + 0.2 * jump
        return jump > FLOOR and jump > RATIO * usual


def raw_frames(stream: BinaryIO, height: int, width: int) -> Iterator[np.ndarray]:
    """Yield raw RGB frames `(H, W, 3)`, bytes, from a stream.

    Raises:
        StylerError: If the stream ends within a frame.
    """
    size = height * width * 3
    while data := stream.read(size):
        if len(data) != size:
            todo = f"pipe whole frames of {width}×{height}: ffmpeg -i IN -f rawvideo -pix_fmt rgb24 -"
            raise StylerError(f"standard input ends within a frame: {len(data)} of {size} bytes", todo)
        yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


def image_of(array: np.ndarray) -> Tensor:
    """Return a frame `(H, W, 3)`, bytes, as an image `(1, 3, H, W)`, floats in [0, 1]."""
    return torch.from_numpy(array.astype(np.float32) / 255).movedim(-1, 0)[None].contiguous()


def array_of(image: Tensor) -> np.ndarray:
    """Return an image `(1, 3, H, W)`, floats in [0, 1], as a frame `(H, W, 3)`, bytes."""
    return np.ascontiguousarray(quantized(image)[0].movedim(0, -1).numpy())


def stylize_raw(source: BinaryIO, target: BinaryIO, live: LiveStylizer, *, size: tuple[int, int], rate: float) -> int:
    """Stylize raw RGB frames from one stream to another as they come, and return how many they were.

    Raises:
        StylerError: If the source ends within a frame.
    """
    count = 0
    for count, array in enumerate(raw_frames(source, *size), 1):
        target.write(array_of(live(image_of(array), (count - 1) / rate)).tobytes())
        target.flush()
    return count
