"""Grids: how far the spectrum of a picture stands out at the periods that pooling and upsampling leave behind."""

import torch
from torch import Tensor

from styler.images.pixels import luminance

PERIODS = (2, 4)
"""In pixels: of one and of two poolings."""

NEAR = (3, 16)
"""Frequencies, in steps of the spectrum, between which the neighbourhood of a period lies."""


def grid_score(image: Tensor) -> float:
    """Return the largest amplitude at a period of two or four pixels over the median of its neighbourhood.

    The amplitudes are those of rows and of columns, averaged over the picture; 1 is no grid.

    Args:
        image: RGB in [0, 1], `(1, 3, H, W)`.
    """
    y = luminance(image)[0, 0]
    return max(_peak(lines, period) for lines in (y, y.T) for period in PERIODS)


def _peak(lines: Tensor, period: int) -> float:
    count = lines.shape[1] // 8 * 8  # so that the periods fall on a frequency of the spectrum
    window = torch.hann_window(count, periodic=True)
    spectrum = torch.fft.rfft((lines[:, :count] - lines.mean()) * window).abs().square().mean(0).sqrt()
    center = count // period
    closest, farthest = NEAR
    below = spectrum[max(1, center - farthest) : center - closest]
    near = torch.cat([below, spectrum[center + closest : center + farthest]])
    return float(spectrum[center] / near.median().clamp_min(1e-6))
