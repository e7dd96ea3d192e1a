"""Mean and covariance: all that a style is, and all that the transform needs to know of the content."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

BLOCK = 2**17
"""Numbers in a block: half a megabyte in float32, half of a typical second-level cache."""


class Moments(NamedTuple):
    """Mean `(B, C)` and biased covariance `(B, C, C)` of features over positions, in float32 or finer."""

    mean: Tensor
    covariance: Tensor


def moments_of(features: Tensor) -> Moments:
    """Return the moments of features `(B, C, ...)`, each item's over its own positions."""
    dtype = torch.promote_types(features.dtype, torch.float32)
    mean = features.flatten(2).mean(-1, dtype=dtype)
    covariance = mean.new_zeros(())
    with torch.autocast(features.device.type, enabled=False):
        for x in positions(features):
            x = x.to(dtype) - mean.unsqueeze(-2)
            covariance = covariance + x.mT @ x
    return Moments(mean, covariance / features[0, 0].numel())


def positions(features: Tensor) -> tuple[Tensor, ...]:
    """Return features `(B, C, ...)` as blocks `(B, n, C)` of positions, small enough for a processor's cache."""
    x = features.flatten(2).mT
    return x.split(max(1, BLOCK // x.shape[-1]), dim=1)


def mixed_moments(parts: Sequence[Moments], weights: Tensor) -> Moments:
    """Return the moments of a mixture, by the law of total covariance; `weights` need not sum to one."""
    shares = (weights / weights.sum()).to(parts[0].mean)
    means = torch.stack([part.mean for part in parts])
    mean = torch.einsum("p,pbc->bc", shares, means)
    apart = means - mean
    within = torch.einsum("p,pbcd->bcd", shares, torch.stack([part.covariance for part in parts]))
    return Moments(mean, within + torch.einsum("p,pbc,pbd->bcd", shares, apart, apart))
