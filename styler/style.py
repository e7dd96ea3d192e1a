"""Styles: the moments of a picture's features at each level, and their mixtures."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from styler.encoder import Encoder
from styler.moments import Moments, mixed_moments, moments_of
from styler.padding import padded
from styler.vgg import LEVELS, Level

Style = dict[Level, Moments]


def style_of(encoder: Encoder, images: Tensor, levels: Iterable[Level] = LEVELS) -> Style:
    """Return the style of each picture `(B, 3, H, W)`: its moments at `levels`."""
    return {level: moments_of(x) for level, x in encoder.pyramid(padded(images), levels).items()}


def mixed_style(styles: Sequence[Style], weights: Sequence[float]) -> Style:
    """Return the style of a picture made of patches of all styles, in shares proportional to `weights`.

    Raises:
        ValueError: If there isn't one non-negative weight a style, or all are zero.
    """
    if len(weights) != len(styles) or min(weights, default=0) < 0 or not sum(weights) > 0:
        raise ValueError(f"expected {len(styles)} weights, none negative, not all zero, got {list(weights)}")
    return {
        level: mixed_moments([style[level] for style in styles], torch.tensor(weights, dtype=torch.float64))
        for level in styles[0]
    }
