"""Scores of a stylized picture: what is left of its content, how far it still is from its style, its structure.

Images are RGB floats in [0, 1], `(1, 3, H, W)`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.benchmarks.quality.judges import Judge
from styler.training.losses import wasserstein
from styler.transfer.color import luminance
from styler.transfer.moments import Moments, moments_of


@dataclass(frozen=True)
class View:
    """What a judge sees of a picture.

    `content` is its coarsest map, `(1, C, h, w)`, of unit length at each position; `moments` are those of its
    maps, from fine to coarse.
    """

    content: Tensor
    moments: list[Moments]


@torch.no_grad()
def viewed(judge: Judge, image: Tensor) -> View:
    """Return what the judge sees of the picture."""
    maps = judge.features(image)
    return View(F.normalize(maps[-1], dim=1), [moments_of(x) for x in maps])


def content_left(found: View, content: View, style: View) -> float:
    """Return how far the picture is from its content: 0 is the content itself, 1 as far as the style is.

    Mean squared distance of the coarsest map's unit vectors. All three pictures have one size.
    """
    away, apart = ((view.content - content.content).square().mean() for view in (found, style))
    return float(away / apart)


def style_left(found: View, style: View, apart: Tensor) -> float:
    """Return how far the picture is from its style: 0 has the style's moments, 1 is as far as the content was.

    Mean over the maps; `apart` are the `style_distances` of the content.
    """
    return float((style_distances(found, style) / apart).mean())


def style_distances(found: View, style: View) -> Tensor:
    """Return the distance of the moments of each map, `(M,)`."""
    return torch.cat([wasserstein(x, wanted) for x, wanted in zip(found.moments, style.moments, strict=True)])


def ssim(image: Tensor, wanted: Tensor) -> float:
    """Return the structural similarity of two pictures' luminance; 1 is the same.

    Reference:
        Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity (2004), eq. 13: a
        Gaussian window of 11 pixels, σ = 1.5, K = 0.01 and 0.03.
    """
    offsets = torch.arange(-5.0, 6.0)
    window = torch.softmax(-(offsets**2) / (2 * 1.5**2), 0)
    window = (window[:, None] * window)[None, None]
    x, y = luminance(image), luminance(wanted)
    mean_x, mean_y, xx, yy, xy = (F.conv2d(z, window) for z in (x, y, x * x, y * y, x * y))
    covariance = xy - mean_x * mean_y
    variances = xx + yy - mean_x**2 - mean_y**2
    light = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
    return float((light * (2 * covariance + 0.03**2) / (variances + 0.03**2)).mean())
