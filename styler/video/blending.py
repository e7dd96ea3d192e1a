"""Blending: each result is mixed with the one before, moved along the optical flow of the source.

The networks answer shifts that are no multiple of their stride, which flickers; the frame before, in its new place,
holds what they drew there. Where the flow is not to be trusted (uncovered, cut, flashing), or leads into a region with
another style, nothing is mixed in. Images are RGB floats in [0, 1], `(1, 3, H, W)`.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from styler.images.pixels import to_float
from styler.video.detail import with_detail_of
from styler.video.flow import flow_search, gray, resized_flow, trusted_flow, warped

STEADY = 0.85
"""Share of the result before, where the flow holds."""


class Blender:
    """Blends the frames of a shot, one after the other."""

    def __init__(self, steady: float = STEADY):
        """Begin a shot; `steady` is the share of the result before, 0 to 1."""
        self.steady = steady
        self._flow = flow_search()
        self._content: np.ndarray | None = None
        self._result: np.ndarray | None = None
        self._masks: list[np.ndarray] = []

    def __call__(self, content: Tensor, result: Tensor, masks: Tensor | None = None) -> Tensor:
        """Return the result of a frame, mixed with the one before.

        Args:
            content: The frame.
            result: The same stylized.
            masks: Of the regions with styles of their own, `(R, 1, H, W)`, integers at full scale or floats in [0, 1].
        """
        if not self.steady:
            return result
        areas = [] if masks is None else [mask[0].numpy() for mask in to_float(masks)]
        luma, drawn = gray(content), np.ascontiguousarray(result[0].float().movedim(0, -1).numpy())
        if self._content is not None and self._result is not None and self._result.shape == drawn.shape:
            blended = self._blended(self._content, luma, self._result, drawn, areas)
            self._content, self._result = luma, blended
            drawn = with_detail_of(blended, drawn)
        else:
            self._content, self._result = luma, drawn
        self._masks = areas
        return torch.from_numpy(drawn).movedim(-1, 0)[None]

    def _blended(
        self, before: np.ndarray, now: np.ndarray, old: np.ndarray, new: np.ndarray, masks: Sequence[np.ndarray]
    ) -> np.ndarray:
        flow, trust = trusted_flow(self._flow, before, now)
        height, width = new.shape[:2]
        flow = resized_flow(flow, height, width)
        moved = warped(old, flow, cv2.INTER_CUBIC)
        weight = self.steady * cv2.resize(trust, (width, height), interpolation=cv2.INTER_LINEAR)
        for mask_before, mask in zip(self._masks, masks, strict=True):
            weight *= 1 - np.abs(warped(mask_before, flow, cv2.INTER_LINEAR) - mask)
        return np.clip(new + weight[..., None] * (moved - new), 0, 1)
