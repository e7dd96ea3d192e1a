"""Detail that averaging takes from a blended result, given back. Images are RGB floats in [0, 1], `(H, W, 3)`."""

import cv2
import numpy as np

BANDS = (0.7, 1.3, 2.6)
"""Deviations, in pixels, of the blurs, each of the one before; 0.7, 1.5 and 3.0 of the image. The bands are between."""

MOST = 2.2
"""Factor by which a band is enlarged at most."""

CELL = 8
"""Side, in pixels, of the cells in which the energy of detail is compared."""


def with_detail_of(blended: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """Return a blended result whose luminance has detail as strong as that of the result alone, band by band, by place.

    What the next frame is blended with is not changed so, or detail would grow from frame to frame.
    """
    smooth, smooth_alone = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (blended, alone))
    added, size = np.zeros_like(smooth), smooth.shape[::-1]
    for deviation in BANDS:
        smoother, smoother_alone = (cv2.GaussianBlur(gray, (0, 0), deviation) for gray in (smooth, smooth_alone))
        detail = smooth - smoother
        gain = np.sqrt(energy(smooth_alone - smoother_alone) / energy(detail)).clip(1, MOST)
        added += cv2.resize(gain - 1, size) * detail
        smooth, smooth_alone = smoother, smoother_alone
    return np.clip(blended + added[..., None], 0, 1)


def energy(detail: np.ndarray) -> np.ndarray:
    """Return the mean square of detail `(H, W)` around each cell."""
    height, width = (max(1, side // CELL) for side in detail.shape)
    cells = cv2.resize(np.square(detail), (width, height), interpolation=cv2.INTER_AREA)
    return cv2.blur(cells, (3, 3)) + 1e-6  # as much as a quarter of a step of 8 bits
