"""Steadiness: how much a result changes when its content is shifted by a few pixels, or is slightly noisy.

The maps of the features stay those of the first view, so that only the networks' own response is measured; flat parts
are not seeded, because the seeds stay in place.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from styler.transfer.cascade import Maps, cascade
from styler.transfer.stylizer import Stylizer

SHIFTS = (1, 4, 8)
"""In pixels; eight is the stride of the networks."""

NOISE = 0.01
"""Deviation of the white noise."""

BORDER = 32
"""Pixels at each border that are not compared: padding falls elsewhere there."""


@dataclass(frozen=True)
class Steadiness:
    """How steady the results of one model are; lower is steadier.

    Attributes:
        model: Name of the model.
        content: Name of the content.
        style: Name of the style.
        shift: Root mean square difference, on the scale [0, 1], by shift in pixels, down and to the right.
        noise_gain: How many times as strong white noise comes out.
    """

    model: str
    content: str
    style: str
    shift: dict[int, float]
    noise_gain: float


@torch.no_grad()
def steadiness_of(stylizer: Stylizer, content: Tensor, style: Tensor, *, names: tuple[str, str]) -> Steadiness:
    """Return the steadiness of a model on one content `(1, 3, H, W)` and style, RGB in [0, 1]."""
    found, maps, most = stylizer.style(style), Maps(), max(SHIFTS)

    def stylized(image: Tensor) -> Tensor:
        return cascade(stylizer.model, image, found, maps=maps, seed_flats=False).cpu()

    def view(top: int, left: int) -> Tensor:
        height, width = (side - most for side in content.shape[-2:])
        return content[..., top : top + height, left : left + width]

    first = stylized(view(0, 0))
    errors = {}
    for shift in SHIFTS:
        down = _difference(first[..., shift:, :], stylized(view(shift, 0))[..., :-shift, :])
        right = _difference(first[..., shift:], stylized(view(0, shift))[..., :-shift])
        errors[shift] = ((down**2 + right**2) / 2) ** 0.5
    noise = NOISE * torch.randn(first.shape, generator=torch.Generator().manual_seed(0))
    gain = _difference(first, stylized(view(0, 0) + noise)) / NOISE
    return Steadiness(stylizer.model.name, *names, errors, gain)


def _difference(one: Tensor, other: Tensor) -> float:
    inside = (..., slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    return float((one - other)[inside].square().mean().sqrt())
