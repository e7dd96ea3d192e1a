"""The look of a video over time: its styles and their strength between keyframes."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from styler.choices import Level
from styler.matrix_sqrt.optimal_transport import transport
from styler.transfer.moments import Moments
from styler.transfer.style import Style


@dataclass(frozen=True)
class StyleKey:
    """A style at a time in seconds."""

    seconds: float
    style: Style


class StylePath:
    """Styles between keyframes: the Wasserstein geodesic between their moments at each level."""

    def __init__(self, keys: Sequence[StyleKey]):
        """Keep the keyframes, at least one, in the order of their times."""
        self.keys = sorted(keys, key=lambda key: key.seconds)
        self._maps: dict[tuple[int, Level], torch.Tensor] = {}

    def at(self, seconds: float) -> Style:
        """Return the style at a time; before the first keyframe and after the last it is theirs."""
        index = bisect_right([key.seconds for key in self.keys], seconds)
        if index == 0 or index == len(self.keys):
            return self.keys[min(index, len(self.keys) - 1)].style
        first, last = self.keys[index - 1 : index + 1]
        share = (seconds - first.seconds) / (last.seconds - first.seconds)
        levels = {}
        for level, a in first.style.moments.items():
            b = last.style[level]
            if (index, level) not in self._maps:
                self._maps[index, level] = transport(a.covariance, b.covariance)
            levels[level] = geodesic(a, b, share, self._maps[index, level])
        rough = tuple(
            (1 - share) * x + share * y for x, y in zip(first.style.roughness, last.style.roughness, strict=True)
        )
        return replace(first.style, moments=levels, roughness=rough)


def geodesic(a: Moments, b: Moments, share: float, towards: torch.Tensor | None = None) -> Moments:
    """Return the moments at a share of the way from `a` to `b`, along the shortest path between Gaussians.

    Args:
        a: Where the path begins.
        b: Where it ends.
        share: 0 to 1.
        towards: The optimal map from a to b, if known.

    Reference:
        McCann, A Convexity Principle for Interacting Gases (1997); for Gaussians, Takatsu, Wasserstein Geometry of
        Gaussian Measures (2011), eq. 2.
    """
    towards = transport(a.covariance, b.covariance) if towards is None else towards
    mixed = torch.lerp(torch.eye(towards.shape[-1], dtype=towards.dtype, device=towards.device), towards, share)
    return Moments(torch.lerp(a.mean, b.mean, share), mixed @ a.covariance @ mixed.mT)


class AlphaPath:
    """Strength of the style between keyframes, linear; outside of them it is that of the nearest."""

    def __init__(self, alpha: float | Mapping[Level, float], keys: Sequence[tuple[float, float]] = ()):
        """Keep the strength without keyframes, and the keyframes: pairs of seconds and strength."""
        self.alpha, self.keys = alpha, sorted(keys)

    def at(self, seconds: float) -> float | Mapping[Level, float]:
        """Return the strength at a time."""
        if not self.keys:
            return self.alpha
        index = bisect_right([time for time, _ in self.keys], seconds)
        if index == 0 or index == len(self.keys):
            return self.keys[min(index, len(self.keys) - 1)][1]
        (start, first), (end, last) = self.keys[index - 1 : index + 1]
        return first + (last - first) * (seconds - start) / (end - start)
