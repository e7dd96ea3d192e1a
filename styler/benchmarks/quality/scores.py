"""Scores of a stylized picture: distance from its content, distance from its style, and structural similarity.

Images are RGB floats in [0, 1], `(1, 3, H, W)`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.benchmarks.quality.flats import moments_in
from styler.benchmarks.quality.judges import Judge
from styler.transfer.color import luminance
from styler.transfer.moments import Moments, moments_of, wasserstein


@dataclass(frozen=True)
class JudgeFeatures:
    """Features of an image by a judge.

    Attributes:
        content: The coarsest map, `(1, C, h, w)`, normalized to unit length at each position.
        moments: Moments of the maps, from fine to coarse.
        pooled: Mean of the coarsest map over positions, `(1, C)`.
        flat: Moments where the content is flat, see `styler.benchmarks.quality.flats`; None if it hardly is.
    """

    content: Tensor
    moments: list[Moments]
    pooled: Tensor
    flat: list[Moments] | None = None


@torch.no_grad()
def judge_features(judge: Judge, image: Tensor, flat: Tensor | None = None) -> JudgeFeatures:
    """Return the judge's features of the image; `flat` is where its content is flat, `(1, 1, H, W)`."""
    maps = list(judge.features(image))
    unit, pooled = F.normalize(maps[-1], dim=1), maps[-1].mean((2, 3))
    return JudgeFeatures(unit, [moments_of(x) for x in maps], pooled, None if flat is None else moments_in(maps, flat))


def content_left(result: JudgeFeatures, content: JudgeFeatures, style: JudgeFeatures) -> float:
    """Return the distance of the result from its content: 0 is the content itself, 1 is the distance of the style.

    Mean squared distance of the unit vectors of the coarsest map. All three images have the same size.
    """
    distance, whole = ((one.content - content.content).square().mean() for one in (result, style))
    return float(distance / whole)


def style_left(result: JudgeFeatures, style: JudgeFeatures, whole: Tensor) -> float:
    """Return the distance of the result from its style: 0 has the style's moments, 1 is the distance of the content.

    Averaged over the maps; `whole` are the `style_distances` of the content.
    """
    return float((style_distances(result.moments, style) / whole).mean())


def flat_left(result: JudgeFeatures, style: JudgeFeatures, whole: Tensor | None) -> float | None:
    """Return `style_left` where the content is flat; None if it hardly is.

    `whole` are the `style_distances` of these parts of the content.
    """
    if result.flat is None or whole is None:
        return None
    return float((style_distances(result.flat, style) / whole).mean())


def style_distances(moments: list[Moments], style: JudgeFeatures) -> Tensor:
    """Return the squared Wasserstein distance of the moments from the style's for each map, `(M,)`."""
    return torch.cat([wasserstein(x, wanted) for x, wanted in zip(moments, style.moments, strict=True)])


def ssim(image: Tensor, wanted: Tensor) -> float:
    """Return the structural similarity of the luminance of two images; 1 for identical ones.

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
