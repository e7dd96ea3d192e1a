"""Scores of a photograph with changed colors. Images are RGB floats in [0, 1], `(1, 3, H, W)`."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.benchmarks.quality.scores import ssim
from styler.images.pixels import luminance

NUM_DIRECTIONS = 64
NUM_QUANTILES = 1024

LARGEST = 0.999
"""Share of the pixels below the gradient ratio that is called the largest: a single pixel decides nothing."""

FAINT = 2 / 255
"""Added to gradients: where there is none, rounding to 8 bits makes some."""


class PhotoScores(NamedTuple):
    """How well edges are kept (1 for all), how far the colors are from the style's, and how much gradients grew.

    `color_left` is 0 for the style's colors and 1 for the photograph's.
    """

    edge_ssim: float
    color_left: float
    gradient_ratio: float


def photo_scores(result: Tensor, content: Tensor, style: Tensor) -> PhotoScores:
    """Return the scores of a result; the style may have another size."""
    left = color_distance(result, style) / max(color_distance(content, style), 1e-6)
    return PhotoScores(ssim(edges(result), edges(content)), left, gradient_ratio(result, content))


def edges(images: Tensor) -> Tensor:
    """Return the length of the luminance's gradient by Sobel's filter, scaled to [0, 1] for a step, as RGB."""
    kernel = images.new_tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4
    padded = F.pad(luminance(images), (1, 1, 1, 1), mode="reflect")
    slopes = F.conv2d(padded, torch.stack((kernel, kernel.mT))[:, None])
    return slopes.norm(dim=1, keepdim=True).expand(-1, 3, -1, -1)


def color_distance(one: Tensor, other: Tensor) -> float:
    """Return the sliced Wasserstein distance of the colors: root mean square over 64 directions and all quantiles."""
    generator = torch.Generator().manual_seed(0)
    directions = F.normalize(torch.randn(NUM_DIRECTIONS, 3, generator=generator), dim=1).to(one)
    found, wanted = (quantiles(directions @ x[0].flatten(1)) for x in (one, other))
    return float((found - wanted).square().mean().sqrt())


def quantiles(values: Tensor) -> Tensor:
    """Return evenly spaced quantiles of each row, `(R, 1024)`."""
    places = torch.linspace(0, values.shape[1] - 1, NUM_QUANTILES, device=values.device).round().long()
    return values.sort(1).values[:, places]


def gradient_ratio(result: Tensor, content: Tensor) -> float:
    """Return the largest ratio of a gradient after and before, see `LARGEST`."""
    after, before = (edges(x)[:, :1].flatten() + FAINT for x in (result, content))
    ratios = (after / before).sort().values
    return float(ratios[int(LARGEST * (len(ratios) - 1))])
