"""Optical flow of the source from each frame to the one before, and how far it is to be trusted."""

from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

FULL_FLOW_SIDE, MAX_FLOW_SIDE = 320, 960
"""Longer sides, in pixels: flow is computed at half the size of the frames, but not below the first nor above the
second. At 640×360 half the size takes a quarter of the time; where it is trusted, flow is wrong by 0.4 pixels instead
of 0.2."""

SLACK, SHARE = 0.5, 0.01
"""Forward and backward flow may differ by √(SHARE · (|f|² + |b|²) + SLACK) pixels (Sundaram, Brox &
Keutzer, Dense Point Trajectories by GPU-accelerated Large Displacement Optical Flow, 2010, eq. 5)."""

CHANGE = 0.06
"""Difference of luminance between the source and the source before, moved, at which the share falls to 1/e; first the
light of the surroundings is made equal, so that a fade is no change."""

SURROUNDINGS = 16
"""Radius, in pixels of the flow, over which light is averaged."""


def flow_search() -> "cv2.DISOpticalFlow":
    """Return the search for flow: dense inverse search, whose patches of eight pixels overlap by half.

    The preset's distance of three pixels takes twice as long, for an error of 0.213 instead of 0.216 pixels.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setPatchStride(4)
    return search


def gray(content: Tensor) -> np.ndarray:
    """Return the luminance of an image as bytes `(H, W)`, at the size at which flow is computed."""
    r, g, b = content[0].float()
    luma = (0.299 * r + 0.587 * g + 0.114 * b).mul_(255).add_(0.5).to(torch.uint8).numpy()
    longest = max(luma.shape)
    scale = min(MAX_FLOW_SIDE, max(FULL_FLOW_SIDE, longest / 2)) / longest
    return luma if scale >= 1 else cv2.resize(luma, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def trusted_flow(dis: "cv2.DISOpticalFlow", before: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the flow from `now` back to `before`, `(H, W, 2)` as x, y, and how far it is to be trusted, 0 to 1.

    Both are luminance, uint8 `(H, W)`.
    """
    if min(now.shape) < 16:  # too small for the patches of the flow
        return np.zeros((*now.shape, 2), np.float32), np.zeros(now.shape, np.float32)
    back = dis.calc(now, before, np.zeros((*now.shape, 2), np.float32))
    forth = dis.calc(before, now, np.zeros((*now.shape, 2), np.float32))
    away = back + warped(forth, back, cv2.INTER_LINEAR)
    doubt = squared(away) / (SHARE * (squared(back) + squared(forth)) + SLACK)
    before, now = before.astype(np.float32) / 255, now.astype(np.float32) / 255
    moved = warped(before, back, cv2.INTER_LINEAR)
    side = (2 * SURROUNDINGS + 1,) * 2
    light = cv2.blur(now, side) - cv2.blur(moved, side)
    change = cv2.blur(now - moved, (3, 3)) - light
    doubt += np.square(change / CHANGE) + np.square(light / (2 * CHANGE))
    trust = np.exp(-doubt)
    trust[is_outside(back)] = 0
    return back, trust


def squared(flow: np.ndarray) -> np.ndarray:
    """Return the squared length of each vector `(H, W, 2)`."""
    return np.einsum("hwc,hwc->hw", flow, flow)


def is_outside(flow: np.ndarray) -> np.ndarray:
    """Return where the flow points out of the frame."""
    height, width = flow.shape[:2]
    x, y = places(flow)
    return (x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)


def warped(image: np.ndarray, flow: np.ndarray, interpolation: int) -> np.ndarray:
    """Return an image, each pixel taken from where the flow points to."""
    # Not one array for x and y: OpenCV 5.0 then returns NaN here and there for float images of one channel.
    return cv2.remap(image, *places(flow), interpolation, borderMode=cv2.BORDER_REPLICATE)


def places(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the place that the flow of each pixel points to."""
    x, y = pixel_grid(*flow.shape[:2])
    return x + flow[..., 0], y + flow[..., 1]


@lru_cache(maxsize=2)
def pixel_grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates x and y of all pixels; do not write to them."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return columns, rows


def resized_flow(flow: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the flow at another size, in pixels of that size."""
    if flow.shape[:2] == (height, width):
        return flow
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    return cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR) * scale
