"""A table of colors, fitted to a photograph and its stylized picture: what of the style is a change of colors.

An affine map takes what all colors have in common, a smooth table what single colors do beyond it. Both average over
the strokes, which flattens the result; so its mean and covariance are brought to those of the stylized picture.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.photo.color_table import NUM_POINTS, ColorTable, identity_table, largest_fall
from styler.photo.lookup import looked_up
from styler.transfer.color import EPS
from styler.transfer.moments import Moments, moments_of
from styler.transfer.whitening import transport_affine

VISIBLE = 1 / 255
"""Fall of the luminance along the greys that is let pass."""

BLURS = (2.0, 4.0, 8.0)
"""Standard deviations of the Gaussian blur of the table, in bins: the first that keeps the order of greys."""

PRIOR = 3e-6
"""Share of the pixels that counts for a residual of 0 in each bin: colors that are rare follow the affine map."""

MAX_GAIN = 2.0
"""Largest factor by which the last step stretches a direction of colors: more would make noise of flat pictures."""


def fitted_table(content: Tensor, stylized: Tensor, weights: Tensor | None = None) -> ColorTable:
    """Return the table of 33 points that takes the content's colors to the stylized picture's.

    Args:
        content: `(1, 3, H, W)`, floats in [0, 1].
        stylized: The same picture, stylized.
        weights: How much each pixel counts, `(1, 1, H, W)`, from 0; without any weight above 0 nothing is changed.
    """
    table = identity_table()
    weights = torch.ones_like(content[:, :1]) if weights is None else weights
    if not float(weights.sum()) > 0:
        return table
    matrix, offset = least_squares_map(content, stylized, weights)
    residual, wanted = stylized - mapped(content, matrix, offset), moments_of(stylized, weights)
    for sigma in BLURS:
        values = table.points @ matrix.mT + offset + binned(content, residual, weights, sigma=sigma)
        found = moments_of(looked_up(content, values, table.low, table.high), weights)
        fitted = table._replace(values=with_moments(values, found, wanted).clamp(0, 1))
        if largest_fall(fitted) <= VISIBLE:
            break
    return fitted


def least_squares_map(content: Tensor, stylized: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the matrix `(3, 3)` and the offset `(3,)` of the affine map with the least squared error.

    Where the content has no variation, as in a flat picture, the matrix is the identity.
    """
    both = moments_of(torch.cat((content, stylized), 1).double(), weights)
    mean, covariance = both.mean[0], both.covariance[0]
    ridge = EPS * torch.eye(3, dtype=covariance.dtype, device=covariance.device)
    matrix = torch.linalg.solve(covariance[:3, :3] + ridge, covariance[:3, 3:] + ridge).mT
    return matrix.float(), (mean[3:] - matrix @ mean[:3]).float()


def mapped(images: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """Return the colors of pictures `(B, 3, H, W)` after an affine map."""
    return F.conv2d(images, matrix[..., None, None], offset)


def binned(content: Tensor, residual: Tensor, weights: Tensor, *, sigma: float, num_points: int = NUM_POINTS) -> Tensor:
    """Return the mean residual near each color of a table, `(N, N, N, 3)`, indexed by blue, green and red."""
    red, green, blue = (content[0] * (num_points - 1)).round().long().flatten(1)
    index = (blue * num_points + green) * num_points + red
    sums = residual.new_zeros(4, num_points**3)
    sums.index_add_(1, index, torch.cat((residual * weights, weights), 1)[0].flatten(1))
    sums = blurred(sums.view(4, 1, num_points, num_points, num_points), sigma)
    total, count = sums.squeeze(1).split((3, 1))
    return (total / (count + PRIOR * float(weights.sum()))).movedim(0, -1)


def blurred(volumes: Tensor, sigma: float) -> Tensor:
    """Return volumes `(B, 1, D, H, W)` after a Gaussian blur, zero beyond their border."""
    radius = min(int(4 * sigma), volumes.shape[-1] - 1)
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=volumes.device) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).to(volumes)
    for axis in range(3):
        shape, padding = [1, 1, 1], [0, 0, 0]
        shape[axis], padding[axis] = len(kernel), radius
        volumes = F.conv3d(volumes, kernel.view(1, 1, *shape), padding=padding)
    return volumes


def with_moments(colors: Tensor, found: Moments, wanted: Moments) -> Tensor:
    """Return colors `(..., 3)`, whose moments in the picture are `found`, after the transport to the moments wanted."""
    affine = transport_affine(found, wanted, eps=EPS)
    gains, axes = torch.linalg.eigh(affine.matrix[0])
    matrix = axes @ (gains.clamp(0, MAX_GAIN)[:, None] * axes.mT)
    return (colors - found.mean[0]) @ matrix.mT + wanted.mean[0]
