"""Losses of the decoders, each a share: zero is perfect, one is as bad as a flat answer."""

from torch import Tensor

from styler.matrix_sqrt import bures_wasserstein
from styler.transfer.moments import Moments

FLAT = 1e-3
"""Variance below which a target counts as flat, and errors are no longer measured relative to it."""

PICTURE_WEIGHT = 0.2

EXACT = 1e-6
"""Share of a picture lost, -60 dB, below which less does not count any more."""


def unexplained(found: Tensor, target: Tensor) -> Tensor:
    """Return the squared error as a share of the target's variance over batch and positions, `(B, C, H, W)`."""
    error = (found.float() - target.float()).square().mean((0, 2, 3)).sum()
    return error / target.float().var((0, 2, 3), correction=0).sum().clamp_min(FLAT)


def picture_loss(images: Tensor, wanted: Tensor) -> Tensor:
    """Return the weighted logarithm of the share of the pictures that is lost: decibels count alike."""
    return PICTURE_WEIGHT * (unexplained(images, wanted) + EXACT).log()


def wasserstein(a: Moments, b: Moments) -> Tensor:
    """Return the squared 2-Wasserstein distance between Gaussians with these moments, `(B,)`.

    Reference:
        Dowson & Landau, The Fréchet Distance between Multivariate Normal Distributions (1982), eq. 16; the
        gradient of the root in it is `matrix_sqrt`'s.
    """
    return (a.mean - b.mean).square().sum(-1) + bures_wasserstein(a.covariance, b.covariance)


def style_distance(found: Moments, target: Moments) -> Tensor:
    """Return the squared Wasserstein distance between Gaussians with these moments, as a share of the targets' power.

    Both are summed over the batch: a nearly flat painting has next to no power, and alone would drown the rest.
    """
    return wasserstein(found, target).mean() / target.covariance.diagonal(dim1=-2, dim2=-1).sum(-1).mean().clamp_min(
        FLAT
    )


def out_of_range(images: Tensor) -> Tensor:
    """Return the mean square by which pixels leave [0, 1]."""
    return (images - images.clamp(0, 1)).square().mean()


def psnr(images: Tensor, wanted: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio of all pictures together in dB; higher is better."""
    return -10 * (images.clamp(0, 1) - wanted).square().mean().log10()
