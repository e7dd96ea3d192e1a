"""Errors of a model without stylization: reconstruction error, and rounding in half precision."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from styler.benchmarks.quality.pairs import Pair
from styler.choices import Level
from styler.images import Picture
from styler.training.losses import psnr
from styler.transfer.cascade import cascade
from styler.transfer.stylizer import Stylizer


@dataclass(frozen=True)
class Fidelity:
    """Errors of one model.

    Attributes:
        model: Name of the model.
        psnr: PSNR of contents encoded and decoded at one level, over all pictures together, in dB, by level.
        dtype: The device's default precision.
        rounding: Mean difference between results in that precision and in float32, in steps of 8 bits.
    """

    model: str
    psnr: dict[Level, float]
    dtype: str
    rounding: float


def fidelity_of(model: str, pairs: Sequence[Pair], *, device: str = "auto") -> Fidelity:
    """Return the errors of a model on the contents and results of the pairs."""
    fast, exact = (Stylizer(model, device=device, dtype=dtype) for dtype in ("auto", "float32"))
    contents = torch.cat([Picture.open(path).image for path in dict.fromkeys(pair.content for pair in pairs)])
    decoded = {level: reconstruction(exact, contents, level) for level in exact.cascade_levels(None)}
    return Fidelity(
        exact.model.name,
        {level: float(psnr(images, contents)) for level, images in decoded.items()},
        str(fast.dtype).removeprefix("torch."),
        statistics.fmean(difference(fast, exact, pair) for pair in pairs),
    )


def reconstruction(stylizer: Stylizer, contents: Tensor, level: Level) -> Tensor:
    """Return the contents `(B, 3, H, W)` encoded and decoded at one level."""
    style = stylizer.style(contents[:1])
    with torch.no_grad():
        return torch.cat([cascade(stylizer.model, x, style, alpha=0.0, levels=[level]) for x in contents.split(1)])


def difference(a: Stylizer, b: Stylizer, pair: Pair) -> float:
    """Return the mean absolute difference of the results of two stylizers, in steps of 8 bits."""
    content, style = Picture.open(pair.content).image, Picture.open(pair.style).image
    one, other = (stylizer.stylize(content, style) for stylizer in (a, b))
    return 255 * float((one - other).abs().mean())
