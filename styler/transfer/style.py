"""Styles: the moments of a picture's features at each level, and their mixtures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Self

import torch
from torch import Tensor

from styler.choices import LEVELS, Level
from styler.model.encoder import Encoder, convolutions
from styler.model.vgg import stride
from styler.transfer.canvas import float_part
from styler.transfer.moments import Moments, RunningMoments, moments_of
from styler.transfer.seeding import NUM_BINS, deviation_counts, local_deviation, roughness_of
from styler.transfer.tiling import encoder_margin, grid, padded
from styler.transfer.transparency import weighted_by_alpha, with_hidden_filled


@dataclass(frozen=True, eq=False)
class Style:
    """The moments of a picture's features by level, and where they come from.

    Attributes:
        moments: Mean `(1, C)` and covariance `(1, C, C)` at each level; read-only.
        fingerprint: Identifies the encoder that computed them, see `styler.transfer.style_file.fingerprint`; empty
            if unknown.
        name: What to call the style, such as its file's name; may be empty.
        sources: What the style was made of, ready for JSON: `name`, `sha256` and perhaps `share` of each picture.
        roughness: How rough the flat parts of each picture are, see `styler.transfer.seeding`; 0 if unknown.
        seen_by_loss: The same style as the loss network of a refinement sees it, with its fingerprint, if computed.
    """

    moments: Mapping[Level, Moments]
    fingerprint: str = ""
    name: str = ""
    sources: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    roughness: tuple[float, ...] = (0.0,)
    seen_by_loss: Self | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "moments", MappingProxyType(dict(self.moments)))

    def __getitem__(self, level: Level) -> Moments:
        return self.moments[level]

    def to(self, device: torch.device) -> Self:
        """Return the style on a device; moments that are there already stay, with the roots that they cache."""
        moved = {
            level: moments if moments.mean.device == device else Moments(*(x.to(device) for x in moments))
            for level, moments in self.moments.items()
        }
        seen = None if self.seen_by_loss is None else self.seen_by_loss.to(device)
        return replace(self, moments=moved, seen_by_loss=seen)

    def at_levels(self, levels: Sequence[Level]) -> Self:
        """Return the style with the moments at `levels` alone.

        Raises:
            ValueError: If it has none at one of them.
        """
        if missing := [level for level in levels if level not in self.moments]:
            raise ValueError(f"expected a style with moments of {missing[0]}, got {', '.join(self.moments)}")
        return replace(self, moments={level: self.moments[level] for level in levels})

    def clone(self) -> Self:
        """Return a copy that shares no memory with this style."""
        copied = {level: Moments(*map(torch.clone, x)) for level, x in self.moments.items()}
        return replace(self, moments=copied, seen_by_loss=self.seen_by_loss and self.seen_by_loss.clone())


def style_of(
    encoder: Encoder,
    images: Tensor,
    levels: Iterable[Level] = LEVELS,
    *,
    alpha: Tensor | None = None,
    tile: int | None = None,
    fingerprint: str = "",
    name: str = "",
) -> Style:
    """Return the style of each picture: its moments at `levels`.

    Args:
        encoder: It runs on its own device.
        images: Pictures, `(B, 3, H, W)`, floats in [0, 1] or integers at full scale.
        levels: All by default.
        alpha: Transparency, `(1, 1, H, W)`: transparent pixels count less, and their colors not at all.
        tile: Side of tiles in pixels, with the same result; None processes the pictures as a whole.
        fingerprint: That of the encoder, see `Style`.
        name: See `Style`.
    """
    images, levels = padded(with_hidden_filled(images, alpha)), tuple(levels)
    alpha = None if alpha is None else padded(alpha)
    height, width = images.shape[-2:]
    margin = max(encoder_margin(level, antialiased=encoder.antialiased) for level in levels)
    total, counts = RunningStyle(), torch.zeros(len(images), NUM_BINS)
    for box in (box for row in grid(height, width, tile) for box in row):
        area = box.grown(margin, height, width)
        part = float_part(images, area, device=convolutions(encoder)[0].weight.device)
        features = encoder.pyramid(part, levels).items()
        inside = {level: x[..., *box.within(area, stride=stride(level))] for level, x in features}
        weights = {level: weighted_by_alpha(None, alpha, box, level, device=part.device) for level in levels}
        found = Style({level: moments_of(x, weights[level]) for level, x in inside.items()})
        count = (box.bottom - box.top) * (box.right - box.left)
        total.add(found, count if alpha is None else count * float(float_part(alpha, box).mean()))
        deviation = local_deviation(part)[..., *box.within(area)]
        counts += deviation_counts(deviation.cpu(), None if alpha is None else float_part(alpha, box).cpu())
    roughness = tuple(roughness_of(counts).tolist())
    return replace(total.style, roughness=roughness, fingerprint=fingerprint, name=name)


class RunningStyle:
    """The common style of pictures, added one after the other: only the sum is in memory."""

    def __init__(self) -> None:
        self._sums: dict[Level, RunningMoments] = {}
        self._roughness: list[tuple[float, tuple[float, ...]]] = []
        self._fingerprint = ""
        self._seen_by_loss: RunningStyle | None = None
        self._all_seen = True

    def add(self, style: Style, weight: float) -> None:
        """Add a style with a weight on any scale.

        Raises:
            ValueError: If it was computed by another encoder than the ones before.
        """
        if self._fingerprint and style.fingerprint and style.fingerprint != self._fingerprint:
            raise ValueError(f"expected styles of one model, got {self._fingerprint[:8]} and {style.fingerprint[:8]}")
        self._fingerprint = self._fingerprint or style.fingerprint
        self._all_seen &= style.seen_by_loss is not None
        if style.seen_by_loss is not None:
            self._seen_by_loss = self._seen_by_loss or RunningStyle()
            self._seen_by_loss.add(style.seen_by_loss, weight)
        self._roughness.append((weight, style.roughness))
        for level, moments in style.moments.items():
            self._sums.setdefault(level, RunningMoments()).add(moments, weight)

    @property
    def style(self) -> Style:
        """The style of a picture made of patches of all, in shares proportional to their weights."""
        found = {level: total.moments for level, total in self._sums.items() if total.moments is not None}
        total = sum(weight for weight, _ in self._roughness) or 1.0
        rough = zip(*([weight / total * x for x in each] for weight, each in self._roughness), strict=True)
        seen = self._seen_by_loss.style if self._seen_by_loss and self._all_seen else None
        return Style(found, self._fingerprint, roughness=tuple(sum(each) for each in rough), seen_by_loss=seen)


def mixed_style(styles: Sequence[Style], weights: Sequence[float]) -> Style:
    """Return the style of a picture made of patches of all styles, in shares proportional to `weights`.

    Raises:
        ValueError: If there isn't one non-negative weight a style, all are zero, or the styles are of several models.
    """
    if len(weights) != len(styles) or min(weights, default=0) < 0 or not sum(weights) > 0:
        raise ValueError(f"expected {len(styles)} weights, none negative, not all zero, got {list(weights)}")
    if len(styles) == 1:
        return styles[0]
    mixture = RunningStyle()
    for style, weight in zip(styles, weights, strict=True):
        mixture.add(style, weight)
    return mixture.style
