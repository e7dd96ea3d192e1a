"""Other ways of giving a photograph the colors of a style. Images are RGB floats in [0, 1], `(1, 3, H, W)`."""

from collections.abc import Callable

import torch
from torch import Tensor

from styler.photo.table_fitting import mapped
from styler.transfer.color import recolored
from styler.transfer.moments import moments_of

NUM_BINS = 256

LMS = ((0.3811, 0.5783, 0.0402), (0.1967, 0.7244, 0.0782), (0.0241, 0.1288, 0.8444))
OPPONENT = ((1.0, 1.0, 1.0), (1.0, 1.0, -2.0), (1.0, -1.0, 0.0))
SCALES = (3**-0.5, 6**-0.5, 2**-0.5)
DARKEST = 1 / 255
"""Added before the logarithm."""


def rgb_transport(content: Tensor, style: Tensor) -> Tensor:
    """Return the content with the style's mean and covariance of RGB, by optimal transport."""
    return recolored(content, moments_of(style))


def histograms_matched(content: Tensor, style: Tensor) -> Tensor:
    """Return the content with the style's histogram in each channel, of 256 bins."""
    planes = []
    for x, y in zip(content[0], style[0], strict=True):
        wanted, found = (torch.histc(z, NUM_BINS, 0, 1).cumsum(0) / z.numel() for z in (y, x))
        centers = (torch.searchsorted(wanted, found).clamp_max(NUM_BINS - 1) + 0.5) / NUM_BINS
        planes.append(centers[(x * NUM_BINS).long().clamp_max(NUM_BINS - 1)])
    return torch.stack(planes)[None]


def reinhard(content: Tensor, style: Tensor) -> Tensor:
    """Return the content with the style's mean and deviation in each channel of lαβ.

    Reference:
        Reinhard et al., Color Transfer between Images (2001), eq. 2, 6, 10 and 11.
    """
    x, y = lab(content), lab(style)
    (mean_x, deviation_x), (mean_y, deviation_y) = ((z.mean((2, 3), True), z.std((2, 3), keepdim=True)) for z in (x, y))
    return rgb((x - mean_x) * (deviation_y / deviation_x.clamp_min(1e-6)) + mean_y).clamp(0, 1)


def lab(images: Tensor) -> Tensor:
    """Return pictures in lαβ, the decorrelated logarithms of cone responses."""
    to_lms, to_lab = matrices(images)
    return mapped((mapped(images, to_lms, images.new_zeros(3)) + DARKEST).log10(), to_lab, images.new_zeros(3))


def rgb(images: Tensor) -> Tensor:
    """Return pictures in lαβ as RGB, not clamped."""
    to_lms, to_lab = matrices(images)
    cones = 10 ** mapped(images, to_lab.inverse(), images.new_zeros(3)) - DARKEST
    return mapped(cones, to_lms.inverse(), images.new_zeros(3))


def matrices(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the matrices of both steps to lαβ."""
    scales = torch.tensor(SCALES, device=images.device)[:, None]
    return torch.tensor(LMS, device=images.device), scales * torch.tensor(OPPONENT, device=images.device)


METHODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "RGB transport": rgb_transport,
    "histogram matching": histograms_matched,
    "Reinhard": reinhard,
}
