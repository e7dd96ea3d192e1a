"""The style as the refinement's target: a squared Wasserstein distance of moments, and its gradient.

Moments are of one picture, `(1, C)` and `(1, C, C)`; here they are computed in float64 (on MPS in float32).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.matrix_sqrt import inv_sqrtm, sqrtm
from styler.transfer.moments import Moments
from styler.transfer.whitening import transport_affine

ROUND_OFF = torch.finfo(torch.float32).eps ** 0.5
"""How far moments that were accumulated in float32 may be from semidefinite."""

SMALLEST = 1e-6
"""Of the style's own energy: where the content has the style's moments, its distance of 0 can't be the unit."""


class StyleTarget(NamedTuple):
    """Moments to reach, the root of the covariance, which is computed once, and the distance that counts as 1."""

    moments: Moments
    root: Tensor
    unit: Tensor


def style_target(content: Moments, style: Moments, *, alpha: float = 1.0) -> StyleTarget:
    """Return the target at strength `alpha`, 0 (the content's own moments) to 1.

    Between them it is the point at `alpha` of the shortest path, as in the cascade with `transport`. The distance
    that counts as 1 is that of the content from the style, at any strength.
    """
    found, wanted = in_double(content), in_double(style)
    full = StyleTarget(wanted, root_of(wanted), torch.ones_like(wanted.mean[:, 0]))
    energy = trace(wanted.covariance) + wanted.mean.square().sum(-1)
    distance, _ = distance_and_gradient(found, full)
    unit = distance.maximum(SMALLEST * energy).clamp_min(torch.finfo(torch.float32).tiny)
    if alpha == 1:
        return full._replace(unit=unit)
    affine = transport_affine(content, style, alpha=alpha)  # in their own precision, which sets its tolerance
    matrix = affine.matrix.to(found.covariance)
    partial = Moments(affine.target.to(matrix), matrix @ found.covariance @ matrix.mT)
    return StyleTarget(partial, root_of(partial), unit)


def distance_and_gradient(found: Moments, target: StyleTarget) -> tuple[Tensor, Moments]:
    """Return the squared Wasserstein distance `(1,)`, and its gradient by the mean and by the covariance.

    With the target's root r and the covariance c, the gradient by c is 1 − r·(r·c·r)^(-1/2)·r. It is finite at any
    rank: the pseudo-inverse leaves out directions that no feature has. Only what double precision cannot tell from
    zero is left out, since the spectrum of r·c·r spreads as far as the product of both spectra.

    Reference:
        Bhatia, Jain & Lim, On the Bures-Wasserstein distance (2019), eq. 34. arXiv:1712.01504
    """
    mean, covariance = in_double(found)
    root, apart = target.root, mean - target.moments.mean
    common = root @ covariance @ root
    inverse = inv_sqrtm((common + common.mT) / 2, round_off=ROUND_OFF)
    own, wanted, shared = (trace(x) for x in (covariance, target.moments.covariance, common @ inverse))
    identity = torch.eye(covariance.shape[-1], dtype=covariance.dtype, device=covariance.device)
    distance = (apart.square().sum(-1) + own + wanted - 2 * shared).clamp_min(0)
    return distance, Moments(2 * apart, identity - root @ inverse @ root)


class Slope(NamedTuple):
    """The gradient of the loss by features x of a position: matrix·(x − center) + offset, `(C, C)` and `(C,)`."""

    matrix: Tensor
    center: Tensor
    offset: Tensor

    def at(self, features: Tensor) -> Tensor:
        """Return the gradient by features `(1, C, H, W)`, in their precision, channels last."""
        matrix, center = self.matrix.to(features.dtype), self.center.to(features.dtype)
        rounding = self.center - center.to(self.center)  # the same for all positions, so it would not average out
        offset = (self.offset - self.matrix @ rounding).to(features.dtype)
        return F.linear(features.permute(0, 2, 3, 1) - center, matrix, offset).permute(0, 3, 1, 2)


def slope_of(found: Moments, target: StyleTarget, *, share: float, count: float) -> tuple[float, Slope]:
    """Return the distance that is left, 1 for the content, and the slope of the features for it.

    Args:
        found: Moments of the features.
        target: See `style_target`.
        share: Factor of this distance in the loss.
        count: Number of positions that the moments are of, or the sum of their weights.
    """
    distance, by = distance_and_gradient(found, target)
    factor = share / count / target.unit
    matrix, offset = (2 * factor * by.covariance[0]).float(), (factor * by.mean[0]).float()
    return float(distance / target.unit), Slope(matrix, found.mean[0].float(), offset)


def root_of(moments: Moments) -> Tensor:
    """Return the root of the covariance."""
    return sqrtm(moments.covariance, round_off=ROUND_OFF)


def trace(matrix: Tensor) -> Tensor:
    """Return the sum of the diagonal of each matrix."""
    return matrix.diagonal(dim1=-2, dim2=-1).sum(-1)


def in_double(moments: Moments) -> Moments:
    """Return the moments in the finest precision of their device."""
    dtype = torch.float32 if moments.mean.device.type == "mps" else torch.float64
    return Moments(moments.mean.to(dtype), moments.covariance.to(dtype))
