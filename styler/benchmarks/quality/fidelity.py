"""What a model loses by itself: in decoding, and in half precision."""

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
    """`psnr` is that of contents encoded and decoded at one level, over all pictures together, in dB.

    `rounding` is the mean difference between results in the device's own precision and in float32, in steps of
    8 bits.
    """

    model: str
    psnr: dict[Level, float]
    dtype: str
    rounding: float


def fidelity_of(model: str, pairs: Sequence[Pair], *, device: str = "auto") -> Fidelity:
    """Return what a model loses on the pairs' contents and results."""
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
    """Return the pictures `(B, 3, H, W)`, encoded and decoded at one level."""
    style = stylizer.style(contents[:1])
    with torch.no_grad():
        return torch.cat([cascade(stylizer.model, x, style, alpha=0.0, levels=[level]) for x in contents.split(1)])


def difference(a: Stylizer, b: Stylizer, pair: Pair) -> float:
    """Return the mean absolute difference of the two stylizers' pictures, in steps of 8 bits."""
    content, style = Picture.open(pair.content).image, Picture.open(pair.style).image
    found, wanted = (stylizer.stylize(content, style) for stylizer in (a, b))
    return 255 * float((found - wanted).abs().mean())
