"""Losses of the decoders, relative to the target: 0 is exact, 1 is as bad as a constant prediction."""

from torch import Tensor

from styler.transfer.moments import Moments, wasserstein

MIN_VARIANCE = 1e-3
"""Lower bound for the variance of a target, by which errors are divided."""

PICTURE_WEIGHT = 0.2

MIN_SHARE = 1e-6
"""Lost share of a picture, -60 dB, below which the loss hardly falls further."""


def unexplained_variance(found: Tensor, target: Tensor) -> Tensor:
    """Return the squared error as a share of the target's variance over batch and positions; both `(B, C, H, W)`."""
    error = (found.float() - target.float()).square().mean((0, 2, 3)).sum()
    return error / target.float().var((0, 2, 3), correction=0).sum().clamp_min(MIN_VARIANCE)


def picture_loss(images: Tensor, wanted: Tensor) -> Tensor:
    """Return the weighted logarithm of the unexplained share of the pictures, so that each decibel counts the same."""
    return PICTURE_WEIGHT * (unexplained_variance(images, wanted) + MIN_SHARE).log()


def style_distance(found: Moments, target: Moments) -> Tensor:
    """Return the squared Wasserstein distance between Gaussians with these moments, as a share of the targets' power.

    Distances and powers are averaged over the batch before division: a nearly flat painting has almost no power, and
    its own share would dominate the mean.
    """
    return wasserstein(found, target).mean() / target.covariance.diagonal(dim1=-2, dim2=-1).sum(-1).mean().clamp_min(
        MIN_VARIANCE
    )


def out_of_range(images: Tensor) -> Tensor:
    """Return the mean square by which pixels exceed [0, 1]."""
    return (images - images.clamp(0, 1)).square().mean()


def psnr(images: Tensor, wanted: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio of all pictures together in dB; higher is better."""
    return -10 * (images.clamp(0, 1) - wanted).square().mean().log10()
