"""Pictures stylized with published one-step roots and with exact ones: the reason for exact roots in styler."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from styler.benchmarks.sqrt.implementations import Root
from styler.choices import LEVELS, Transform
from styler.matrix_sqrt import inv_sqrtm, published, published_inverse, sqrtm
from styler.model.weights import Model
from styler.transfer.fixed_pattern import without_fixed_pattern
from styler.transfer.moments import Moments, moments_of
from styler.transfer.whitening import EPS, Affine, apply_affine


class RootPair(NamedTuple):
    """A square root and an inverse square root."""

    root: Root
    inverse: Root


EXACT = "exact"
PAIRS = {
    EXACT: RootPair(sqrtm, inv_sqrtm),
    "published mpa": RootPair(published.published_mpa, published_inverse.published_mpa_inverse),
    "published mtp": RootPair(published.published_mtp, published_inverse.published_mtp_inverse),
    "published ns(5)": RootPair(published.published_newton_schulz, published_inverse.published_newton_schulz_inverse),
}


@dataclass(frozen=True)
class PictureRow:
    """A stylized picture `(1, 3, H, W)`, and its largest and mean difference from the exact one, in 8-bit levels."""

    name: str
    largest: float
    mean: float
    picture: Tensor


@torch.inference_mode()
def picture_rows(model: Model, content: Tensor, style: Tensor, *, transform: Transform) -> Iterator[PictureRow]:
    """Yield a row for each pair of roots, the exact one first.

    Args:
        model: In float32.
        content: A picture, `(1, 3, H, W)`, its sides multiples of eight.
        style: A picture, `(1, 3, H', W')`.
        transform: "transport" or "wct".
    """
    exact = None
    for name, pair in PAIRS.items():
        picture = stylized(model, content, style, pair, transform)
        exact = picture if exact is None else exact
        difference = 255 * (picture - exact).abs()
        yield PictureRow(name, float(difference.max()), float(difference.mean()), picture)


def stylized(model: Model, content: Tensor, style: Tensor, pair: RootPair, transform: Transform) -> Tensor:
    """Return the picture of the cascade with these roots, `(1, 3, H, W)`."""
    image, painted = content, model.encoder.pyramid(style)
    for level in LEVELS:
        features = model.encoder(image, level)
        affine = affine_by(pair, moments_of(features), moments_of(painted[level]), transform)
        image = model.decoders[level](apply_affine(features, affine)).clamp(0, 1)
    return without_fixed_pattern(image)


def affine_by(pair: RootPair, content: Moments, style: Moments, transform: Transform) -> Affine:
    """Return the map of `styler.transfer.whitening` with these roots, computed in float64 as there."""
    covariance = content.covariance.double()
    covariance = covariance + EPS * torch.eye(covariance.shape[-1], dtype=torch.float64, device=covariance.device)
    root = pair.root(style.covariance.double())
    if transform == "wct":
        matrix = root @ pair.inverse(covariance)
    else:
        matrix = root @ pair.inverse(root @ covariance @ root) @ root
    exact = matrix.new_zeros(len(matrix))
    return Affine(matrix.to(content.mean), content.mean, style.mean, exact, exact > 0)
