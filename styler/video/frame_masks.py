"""Masks of frames: one picture for all of them, or a video that runs beside. Masks are `(1, 1, H, W)`, uint8."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from styler.choices import READABLE_SUFFIXES
from styler.images.masks import mask_like
from styler.video.color import rgb_of
from styler.video.encoding import VIDEO_SUFFIXES
from styler.video.reading import open_video
from styler.video.video_info import TimedFrame


class FrameMask(Protocol):
    """A mask for every time; fastest in ascending order."""

    def at(self, seconds: float) -> Tensor:
        """Return the mask at a time."""
        ...


def frame_mask(path: Path, size: tuple[int, int], *, quarter_turns: int = 0) -> FrameMask:
    """Return the mask in a picture, or in a video.

    Args:
        path: The picture or the video, upright.
        size: Height and width of the frames, as they are stored.
        quarter_turns: How many quarters a player turns these frames by, counterclockwise.
    """
    suffix = path.suffix.lower()
    is_video = path.is_dir() or (suffix in VIDEO_SUFFIXES and (suffix not in READABLE_SUFFIXES or suffix == ".gif"))
    return VideoMask(path, size, quarter_turns) if is_video else PictureMask(path, size, quarter_turns)


def turned_like_frames(mask: object, size: tuple[int, int], quarter_turns: int) -> Tensor:
    """Return an upright mask as the frames are stored."""
    upright = size[::-1] if quarter_turns % 2 else size
    found = mask_like(torch.empty(1, 3, *upright), mask)  # ty: ignore[invalid-argument-type]
    return torch.rot90(found, -quarter_turns, (-2, -1)).contiguous()


class PictureMask:
    """One picture for all frames."""

    def __init__(self, path: Path, size: tuple[int, int], quarter_turns: int):
        self._mask = turned_like_frames(path, size, quarter_turns)

    def at(self, seconds: float) -> Tensor:
        """Return the mask."""
        return self._mask


class VideoMask:
    """A video that runs beside; after its end its last frame stays. Going back decodes it from the beginning again."""

    def __init__(self, path: Path, size: tuple[int, int], quarter_turns: int):
        self._size, self._turns = size, quarter_turns
        self._video = open_video(path)
        self._begin()

    def at(self, seconds: float) -> Tensor:
        """Return the mask that is shown at a time."""
        if seconds < self._seconds:
            self._begin()
        self._seconds = seconds
        fresh = None
        while self._next is not None and float(self._next.pts * self._video.info.time_base) <= seconds + 1e-6:
            fresh, self._next = self._next, next(self._frames, None)
        if fresh is not None:
            self._mask = self._of(fresh)
        return self._mask

    def _begin(self) -> None:
        self._seconds = -math.inf
        self._frames: Iterator[TimedFrame] = self._video.frames()
        first = next(self._frames)
        self._mask, self._next = self._of(first), next(self._frames, None)

    def _of(self, timed: TimedFrame) -> Tensor:
        info = self._video.info
        image = torch.rot90(rgb_of(timed.frame, info.tags), info.quarter_turns, (-2, -1))
        return turned_like_frames(image.contiguous(), self._size, self._turns)
