"""Detail that averaging takes from a blended result, given back. Images are RGB floats in [0, 1], `(H, W, 3)`."""

import cv2
import numpy as np

BANDS = (0.7, 1.5, 3.0)
"""Deviations, in pixels, of the blurs between which the bands of detail lie."""

MOST = 1.5
"""Factor by which a band is enlarged at most."""

CELL = 8
"""Side, in pixels, of the cells in which the energy of detail is compared."""


def with_detail_of(blended: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Return a blended result whose detail has the energy of that of the result alone, band by band and place by place.

    What the next frame is blended with is not changed so, or detail would grow from frame to frame.
    """
    height, width = blended.shape[:2]
    gray_alone = cv2.cvtColor(alone, cv2.COLOR_RGB2GRAY)
    result, smooth, smooth_alone = blended.copy(), blended, gray_alone
    for deviation in BANDS:
        smoother, smoother_alone = (cv2.GaussianBlur(x, (0, 0), deviation) for x in (blended, gray_alone))
        detail, detail_alone = smooth - smoother, smooth_alone - smoother_alone
        gain = np.sqrt(energy(detail_alone) / energy(cv2.cvtColor(detail, cv2.COLOR_RGB2GRAY))).clip(1, MOST)
        result += (cv2.resize(gain, (width, height)) - 1)[..., None] * detail
        smooth, smooth_alone = smoother, smoother_alone
    return np.clip(result, 0, 1, out=result)


def energy(detail: np.ndarray) -> np.ndarray:
    """Return the mean square of detail `(H, W)` around each cell."""
    height, width = (max(1, side // CELL) for side in detail.shape)
    cells = cv2.resize(np.square(detail), (width, height), interpolation=cv2.INTER_AREA)
    return cv2.blur(cells, (3, 3)) + 1e-6  # as much as a quarter of a step of 8 bits
