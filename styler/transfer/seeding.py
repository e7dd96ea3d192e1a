"""Seeds: faint noise on the flat parts of a content, from which the cascade makes the style's texture.

An affine map of features sends constant features to constant features, so a clear sky would become one color however
rough the style is. Noise is added where the content is flat, as strong as the style's own flat parts are rough.
Images are RGB floats, `(B, 3, H, W)`.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.images.pixels import luminance
from styler.transfer.style_arrays import MAX_DEVIATION

WINDOW = 9
"""Side, in pixels, of the windows in which deviations are measured."""

NUM_BINS = 2048
"""In which deviations are counted: to 0.06 of a step of 8 bits."""

MARGIN = 2 * (WINDOW // 2)
"""Pixels around a part of a picture that its flatness depends on."""

FLAT = 0.04
"""Deviation of luminance, averaged over a window, at which the noise falls to 1/e."""

STRONGEST = 0.02
"""Deviation of the noise for the roughest styles."""

SMOOTHEST, ROUGHEST = 0.02, 0.05
"""Roughness of styles up to which there is no noise (clean paper), and from which it is strongest (a Renoir)."""

OCTAVES = (1, 2, 4, 8)
PERIODS = (240, 272)
"""Of the two sheets of noise whose sum repeats only after 4,080 pixels; multiples of the coarsest octave."""


def local_deviation(images: Tensor) -> Tensor:
    """Return the deviation of luminance in the window around each pixel, `(B, 1, H, W)`."""
    y = luminance(images) - 0.5  # smaller squares, whose difference then has less round-off
    mean, squares = _box(y), _box(y.square())
    return (squares - mean.square()).clamp_min(0).sqrt()


def deviation_counts(deviation: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return how many pixels have each local deviation, `(B, NUM_BINS)`.

    Args:
        deviation: See `local_deviation`, `(B, 1, H, W)`.
        weights: How much each pixel counts, `(1, 1, H, W)`; one by default.
    """
    bins = (deviation * NUM_BINS / MAX_DEVIATION).long().clamp_max(NUM_BINS - 1).flatten(1)
    counts = torch.ones_like(bins, dtype=torch.float32) if weights is None else weights.flatten(1).expand_as(bins)
    return torch.zeros(len(bins), NUM_BINS, device=bins.device).scatter_add_(1, bins, counts)


def roughness_of(counts: Tensor) -> Tensor:
    """Return how rough the flat parts of pictures are, `(B,)`: the lower quartile of their local deviation.

    Args:
        counts: Those of `deviation_counts`, or their sums over parts of the pictures.
    """
    reached = counts.cumsum(1) >= counts.sum(1, keepdim=True) / 4
    return reached.int().argmax(1) * (MAX_DEVIATION / NUM_BINS)


def amplitude_of(roughness: float) -> float:
    """Return the deviation of the noise for a style of this roughness."""
    return STRONGEST * min(1.0, max(0.0, (roughness - SMOOTHEST) / (ROUGHEST - SMOOTHEST)))


def seeded(images: Tensor, amplitude: Tensor, *, top: int = 0, left: int = 0) -> Tensor:
    """Return pictures with noise where they are flat, not clamped to [0, 1].

    Args:
        images: Pictures, or parts of them.
        amplitude: Deviation of the noise where a picture is flat, `(B, 1, 1, 1)`, or `(B, 1, H, W)`.
        top: Row of the picture in which the part begins: parts get the noise of the whole picture.
        left: The column.
    """
    rows, columns = images.shape[-2:]
    return images + amplitude * flatness(images) * _noise(top, left, rows, columns).to(images.device)


def flatness(images: Tensor) -> Tensor:
    """Return how flat pictures are around each pixel, `(B, 1, H, W)`: 1 where nothing varies, near 0 in texture."""
    return (_box(local_deviation(images)) / FLAT).square().neg().exp()


def noise_sheets() -> dict[int, Tensor]:
    """Return the periodic parts of the noise, `(3, period, period)`, by period, each with deviation 1."""
    return {period: _sheet(period) for period in PERIODS}


def _box(images: Tensor) -> Tensor:
    return F.avg_pool2d(images, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)


def _noise(top: int, left: int, height: int, width: int) -> Tensor:
    """Return a part of the endless sheet of noise, `(1, 3, H, W)`, with deviation 1."""
    parts = []
    for period in PERIODS:
        rows, columns = torch.arange(top, top + height) % period, torch.arange(left, left + width) % period
        parts.append(_sheet(period)[:, rows][..., columns])
    return (sum(parts) / len(parts) ** 0.5)[None]


@cache
def _sheet(period: int) -> Tensor:
    """Return periodic noise over several octaves, half of it common to the colors, `(3, period, period)`.

    Its values are exact in half precision, in which exported graphs store them.
    """
    generator = torch.Generator().manual_seed(period)
    total = torch.zeros(1, 3, period, period)
    for scale in OCTAVES:
        side = period // scale
        color, grey = (torch.randn(1, channels, side, side, generator=generator) for channels in (3, 1))
        noise = F.pad(color / 2 + grey, (2, 2, 2, 2), mode="circular")
        fine = F.interpolate(noise, scale_factor=float(scale), mode="bicubic")
        total += fine[..., 2 * scale : 2 * scale + period, 2 * scale : 2 * scale + period]
    return (total[0] / total.std()).half().float()
