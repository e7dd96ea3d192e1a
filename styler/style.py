"""Styles: the moments of a picture's features at each level, and their mixtures."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from styler.canvas import canvas_part
from styler.encoder import Encoder, convolutions
from styler.moments import Moments, RunningMoments, moments_of
from styler.padding import padded
from styler.tiling import encoder_margin, grid
from styler.vgg import LEVELS, Level, stride

Style = dict[Level, Moments]


def style_of(encoder: Encoder, images: Tensor, levels: Iterable[Level] = LEVELS, *, tile: int | None = None) -> Style:
    """Return the style of each picture `(B, 3, H, W)`, floats or integers: its moments at `levels`.

    With `tile` pixels a side it is taken tile by tile, on the encoder's device, to the same result.
    """
    images, levels = padded(images), tuple(levels)
    height, width = images.shape[-2:]
    total = RunningStyle()
    for box in (box for row in grid(height, width, tile) for box in row):
        area = box.grown(max(map(encoder_margin, levels)), height, width)
        part = canvas_part(images, area, device=convolutions(encoder)[0].weight.device)
        found = encoder.pyramid(part, levels).items()
        inside = {level: x[..., *box.within(area, stride=stride(level))] for level, x in found}
        total.add(
            {level: moments_of(x) for level, x in inside.items()}, (box.bottom - box.top) * (box.right - box.left)
        )
    return total.style


class RunningStyle:
    """The common style of pictures, counted in one after the other: only the sum is in memory."""

    def __init__(self) -> None:
        self._sums: dict[Level, RunningMoments] = {}

    def add(self, style: Style, weight: float) -> None:
        """Count in a style with a weight on any scale."""
        for level, moments in style.items():
            self._sums.setdefault(level, RunningMoments()).add(moments, weight)

    @property
    def style(self) -> Style:
        """The style of a picture made of patches of all, in shares proportional to their weights."""
        return {level: total.moments for level, total in self._sums.items() if total.moments is not None}


def mixed_style(styles: Sequence[Style], weights: Sequence[float]) -> Style:
    """Return the style of a picture made of patches of all styles, in shares proportional to `weights`.

    Raises:
        ValueError: If there isn't one non-negative weight a style, or all are zero.
    """
    if len(weights) != len(styles) or min(weights, default=0) < 0 or not sum(weights) > 0:
        raise ValueError(f"expected {len(styles)} weights, none negative, not all zero, got {list(weights)}")
    if len(styles) == 1:
        return styles[0]
    mixture = RunningStyle()
    for style, weight in zip(styles, weights, strict=True):
        mixture.add(style, weight)
    return mixture.style


def style_on(device: torch.device, style: Style) -> Style:
    """Return the style on a device; what is there already stays as it is, with the roots that it holds."""
    return {
        level: moments if moments.mean.device == device else Moments(*(x.to(device) for x in moments))
        for level, moments in style.items()
    }
