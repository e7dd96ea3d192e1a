"""Blending: each result is mixed with the one before, moved along the optical flow of the source.

The networks answer shifts that are no multiple of their stride, which flickers; the frame before, in its new place,
holds what they drew there. Where the flow is not to be trusted (uncovered, cut, flashing) nothing is mixed in.
Images are RGB floats in [0, 1], `(1, 3, H, W)`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

STEADY = 0.75
"""Share of the result before, where the flow holds."""

SHARPEST, SHARPENED = 0.5, 0.7
"""Most that is added of a blended result's detail, which averaging takes away, and the deviation, in pixels, of the
blur that divides detail from the rest."""

MAX_FLOW_SIDE = 960
"""Longer side, in pixels, at which flow is computed."""

SLACK, SHARE = 0.5, 0.01
"""Forward and backward flow may differ by √(SHARE · (|f|² + |b|²) + SLACK) pixels (Sundaram, Brox &
Keutzer, Dense Point Trajectories by GPU-accelerated Large Displacement Optical Flow, 2010, eq. 5)."""

CHANGE = 0.06
"""Difference of luminance between the source and the source before, moved, at which the share falls to 1/e; first the
light of the surroundings is made equal, so that a fade is no change."""

SURROUNDINGS = 16
"""Radius, in pixels of the flow, over which light is averaged."""


@dataclass(frozen=True)
class BlendState:
    """What the next frame needs: luminance of the source, uint8 `(H, W)`, and the result, uint16 `(H, W, 3)`.

    Rounded, so that a run that reads it from a file goes on as one that never stopped.
    """

    content: np.ndarray
    result: np.ndarray

    def save(self, path: Path) -> None:
        """Write it to a file."""
        save_file({"content": torch.from_numpy(self.content), "result": torch.from_numpy(self.result)}, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it from a file."""
        found = load_file(path)
        return cls(found["content"].numpy(), found["result"].numpy())


class Blender:
    """Blends the frames of a shot, one after the other."""

    def __init__(self, steady: float = STEADY, *, state: BlendState | None = None):
        """Begin a shot, or go on after the frame of `state`.

        Args:
            steady: Share of the result before, 0 to 1.
            state: That of the frame before.
        """
        self.steady = steady
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._content = None if state is None else state.content
        self._result = None if state is None else state.result.astype(np.float32) / 65535

    def __call__(self, content: Tensor, result: Tensor) -> Tensor:
        """Return the result of a frame, mixed with the one before."""
        if not self.steady:
            return result
        luma, drawn = gray(content), np.ascontiguousarray(result[0].float().movedim(0, -1).numpy())
        if self._content is not None and self._result is not None and self._result.shape == drawn.shape:
            blended = self._blended(self._content, luma, self._result, drawn)
            self._content, self._result = luma, blended
            drawn = as_sharp_as(blended, drawn)
        else:
            self._content, self._result = luma, drawn
        return torch.from_numpy(drawn).movedim(-1, 0)[None]

    @property
    def state(self) -> BlendState | None:
        """The state after the last frame; to go on from it as from a file, begin a new `Blender` with it."""
        if self._content is None or self._result is None:
            return None
        return BlendState(self._content, (self._result.clip(0, 1) * 65535 + 0.5).astype(np.uint16))

    def _blended(self, before: np.ndarray, now: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        flow, trust = trusted_flow(self._flow, before, now)
        height, width = new.shape[:2]
        moved = warped(old, resized_flow(flow, height, width), cv2.INTER_CUBIC)
        weight = self.steady * cv2.resize(trust, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.clip(new + weight[..., None] * (moved - new), 0, 1)


def as_sharp_as(blended: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Return a blended result with as much more detail as it has less than the result alone, within a limit.

    What the next frame is blended with is not sharpened, or detail would grow from frame to frame.
    """
    lost = sharpness(alone) / max(sharpness(blended), 1e-6) - 1
    if lost <= 0:
        return blended
    detail = blended - cv2.GaussianBlur(blended, (0, 0), SHARPENED)
    return np.clip(blended + min(SHARPEST, lost) * detail, 0, 1)


def sharpness(image: np.ndarray) -> float:
    """Return the mean absolute difference of neighboring pixels of `(H, W, 3)`."""
    return float(np.abs(np.diff(image, axis=0)).mean() + np.abs(np.diff(image, axis=1)).mean()) / 2


def gray(content: Tensor) -> np.ndarray:
    """Return the luminance of an image as bytes `(H, W)`, at most `MAX_FLOW_SIDE` pixels long."""
    r, g, b = content[0].float()
    luma = (0.299 * r + 0.587 * g + 0.114 * b).mul_(255).add_(0.5).to(torch.uint8).numpy()
    scale = MAX_FLOW_SIDE / max(luma.shape)
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
    allowed = SHARE * (np.square(back).sum(-1) + np.square(forth).sum(-1)) + SLACK
    agrees = np.exp(-np.square(away).sum(-1) / allowed)
    moved = warped(before.astype(np.float32), back, cv2.INTER_LINEAR) / 255
    now = now.astype(np.float32) / 255
    side = (2 * SURROUNDINGS + 1,) * 2
    change = cv2.blur(now - moved, (3, 3))
    light = cv2.blur(now, side) - cv2.blur(moved, side)
    looks_same = np.exp(-np.square((change - light) / CHANGE) - np.square(light / (2 * CHANGE)))
    rows, columns = np.mgrid[: now.shape[0], : now.shape[1]]
    x, y = columns + back[..., 0], rows + back[..., 1]
    inside = (x >= 0) & (x <= now.shape[1] - 1) & (y >= 0) & (y <= now.shape[0] - 1)
    return back, (agrees * looks_same * inside).astype(np.float32)


def warped(image: np.ndarray, flow: np.ndarray, interpolation: int) -> np.ndarray:
    """Return an image, each pixel taken from where the flow points to."""
    rows, columns = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return cv2.remap(image, columns + flow[..., 0], rows + flow[..., 1], interpolation, borderMode=cv2.BORDER_REPLICATE)


def resized_flow(flow: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the flow at another size, in pixels of that size."""
    if flow.shape[:2] == (height, width):
        return flow
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    return cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR) * scale
