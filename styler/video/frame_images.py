"""Frames as images: at the size at which they are stylized, and at the size at which shots are compared."""

import torch
from torch import Tensor

from styler.images.pixels import resize_to, to_float
from styler.video.color import rgb_of
from styler.video.shots import SIDE
from styler.video.video_info import TimedFrame, VideoInfo


def small_image(timed: TimedFrame, info: VideoInfo) -> Tensor:
    """Return a frame at the size at which shots are compared, `(1, 3, h, w)`."""
    scale = min(1.0, SIDE / max(info.width, info.height))
    width, height = (max(16, round(side * scale)) for side in (info.width, info.height))
    array = timed.frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return to_float(torch.from_numpy(array).movedim(-1, 0)[None])


def frame_image(timed: TimedFrame, info: VideoInfo, size: tuple[int, int]) -> Tensor:
    """Return a frame as it is stylized, `(1, 3, H, W)`, floats in [0, 1]."""
    return resize_to(rgb_of(timed.frame, info.tags), size).contiguous()
