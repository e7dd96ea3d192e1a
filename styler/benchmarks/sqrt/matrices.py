"""Test matrices: random covariances, matrices of a given condition number, and covariances of a photograph."""

import math

import torch
from torch import Tensor

from styler.model.encoder import Encoder
from styler.transfer.moments import moments_of

SIZES = ((1, 64), (64, 48), (32, 256), (1, 512))
"""Batch and size; 64 × 48 is that of the authors' second-order transformer, 32 × 256 that of their pooled features."""

SWEEPS = {
    "batch": tuple((batch, 64) for batch in (1, 4, 16, 64, 256)),
    "size": tuple((16, n) for n in (4, 8, 16, 32, 64, 128, 256)),
}
"""Batch and matrix sizes, one of them increasing."""


def random_covariances(batch: int, n: int, *, seed: int = 0) -> Tensor:
    """Return covariances of 4·n normal vectors, `(batch, n, n)` in float64; condition numbers near 10."""
    features = torch.randn(batch, n, 4 * n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return features @ features.mT / (4 * n)


def conditioned_covariances(batch: int, n: int, kappa: float, *, seed: int = 0) -> Tensor:
    """Return matrices of condition number `kappa`, `(batch, n, n)` in float64, log-spaced eigenvalues."""
    generator = torch.Generator().manual_seed(seed)
    q = torch.linalg.qr(torch.randn(batch, n, n, dtype=torch.float64, generator=generator)).Q
    values = torch.logspace(0, -math.log10(kappa), n, dtype=torch.float64)
    return (q * values) @ q.mT


def feature_covariances(image: Tensor, encoder: Encoder) -> dict[str, Tensor]:
    """Return the covariance of a picture's features by level, `(1, C, C)`."""
    with torch.inference_mode():
        features = encoder.pyramid(image)
        return {level: moments_of(x.double()).covariance for level, x in features.items()}
