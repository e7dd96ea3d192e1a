"""The refinement's loss and its gradient by the pixels: of the whole picture at once, or exactly the same in tiles.

The style's part depends on the moments of the whole picture. In tiles, a first pass accumulates them without
gradients; their gradients, small matrices, give the slope of every feature; a second pass carries these back to the
pixels of each tile with its margin, where they add up. Pictures are `(1, 3, H, W)`, padded to whole cells.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from styler.choices import LEVELS, Level
from styler.model.encoder import convolutions
from styler.model.vgg import stride
from styler.transfer.canvas import float_part
from styler.transfer.content_target import LEVEL as CONTENT_LEVEL
from styler.transfer.content_target import WEIGHT as CONTENT_WEIGHT
from styler.transfer.content_target import ContentTarget
from styler.transfer.loss_network import LossNetwork
from styler.transfer.regions import RegionalMoments, shares_of
from styler.transfer.style import Style
from styler.transfer.style_target import Slope, slope_of, style_target
from styler.transfer.tiling import Box, encoder_margin, grid
from styler.transfer.transparency import weighted_by_alpha

STEEPEST = 4096.0
"""Largest number of a tile's gradient, which is about one. Half precision holds the sum of all tiles that overlap."""

Features = dict[Level, Tensor]
Part = tuple[Box, Tensor, Features]
"""A tile, its pixels with their margin, and the features of these."""


class RefinementLoss:
    """0.2 · squared distance of the content's unit vectors + mean over levels of the distance left from the style."""

    def __init__(
        self,
        network: LossNetwork,
        content: Tensor,
        styles: Sequence[Style],
        *,
        alpha: Mapping[Level, float],
        masks: Tensor | None = None,
        visible: Tensor | None = None,
        tile: int | None = None,
    ):
        """Encode the content.

        Args:
            network: Network of the loss.
            content: Floats in [0, 1] or integers at full scale.
            styles: One for the whole picture, or that one and then one for each mask, as the network sees them.
            alpha: Strength at each level that is in the loss.
            masks: `(R, 1, H, W)`, see `styler.transfer.regions`.
            visible: How much each pixel counts, `(1, 1, H, W)`.
            tile: Side of the tiles in pixels, a multiple of eight; None for the picture as a whole.
        """
        self.network, self.masks, self.visible, self.count = network, masks, visible, len(styles)
        self.levels: list[Level] = [level for level in LEVELS if level in alpha or level == CONTENT_LEVEL]
        self.size = (content.shape[-2], content.shape[-1])
        self.boxes = [box for row in grid(*self.size, tile) for box in row]
        self.device = convolutions(network.encoder)[0].weight.device
        self.margin = encoder_margin(CONTENT_LEVEL, antialiased=network.encoder.antialiased)
        is_whole, channels = len(self.boxes) == 1, network.encoder.widths[-1]
        self.kept = ContentTarget(channels, *self.size, is_exact=is_whole, device=self.device)
        self.gradient = torch.empty(
            content.shape,
            dtype=torch.float32 if is_whole else torch.float16,
            device=self.device if is_whole else content.device,
        )
        with torch.no_grad():
            found = self._moments(self._with_content_kept(self._parts(content)))
            self.num_cells = max(1e-12, sum(region.weight for region in found[CONTENT_LEVEL].regions))
            self.targets = {
                level: [
                    region.moments and style_target(region.moments, style[level], alpha=alpha[level])
                    for region, style in zip(found[level].regions, styles, strict=True)
                ]
                for level in self.levels
                if level in alpha
            }

    def __call__(self, pixels: Tensor, *, checkpoint: Callable[[], None] = lambda: None) -> tuple[float, Tensor]:
        """Return the loss, and its gradient by the pixels times their number, which is overwritten by the next call.

        The gradient is `(1, 3, H, W)`, on the device of the pixels. `checkpoint` is called before each tile, and may
        raise.
        """
        is_whole = len(self.boxes) == 1
        with torch.set_grad_enabled(is_whole):
            seen = self._parts(pixels, checkpoint)
            kept = list(seen) if is_whole else []  # with the graph, which serves the second pass too
            loss, slopes = self._style_loss(self._moments(kept or seen))
        num_pixels = self.num_cells * stride(CONTENT_LEVEL) ** 2
        self.gradient.zero_()
        with torch.enable_grad():
            for box, part, features in kept or self._parts(pixels, checkpoint):
                value, outer = self._outer_gradients(box, features, slopes)
                (inner,) = torch.autograd.grad(list(features.values()), part, list(outer.values()))
                slope = (num_pixels * inner).clamp_(-STEEPEST, STEEPEST)
                self.gradient[..., *self._area(box).slices] += slope.to(self.gradient.device)
                loss += value
                del part, features, outer, inner, slope  # before the next tile takes its memory
        return loss, self.gradient

    def _parts(self, pixels: Tensor, checkpoint: Callable[[], None] = lambda: None) -> Iterator[Part]:
        for box in self.boxes:
            checkpoint()
            part = float_part(pixels, self._area(box), device=self.device).detach()
            part.requires_grad_(torch.is_grad_enabled())
            yield box, part, self.network.encoder.pyramid(part, self.levels)

    def _with_content_kept(self, parts: Iterable[Part]) -> Iterator[Part]:
        for box, part, features in parts:
            self.kept.keep(self._inside(features[CONTENT_LEVEL], box, CONTENT_LEVEL), box)
            yield box, part, features

    def _moments(self, parts: Iterable[Part]) -> dict[Level, RegionalMoments]:
        total = {level: RegionalMoments(self.count) for level in self.levels}
        for box, _, features in parts:
            for level, x in features.items():
                total[level].add(self._inside(x.detach(), box, level), self._weights(box, level))
        return total

    @torch.no_grad()
    def _style_loss(self, found: dict[Level, RegionalMoments]) -> tuple[float, dict[Level, list[Slope | None]]]:
        """Return the style's part of the loss, and the slopes of the features by level and region."""
        loss, slopes = 0.0, {level: [] for level in self.levels}
        for level, targets in self.targets.items():
            size = sum(region.weight for region in found[level].regions)
            for region, target in zip(found[level].regions, targets, strict=True):
                if region.moments is None or target is None:
                    slopes[level].append(None)
                    continue
                share = region.weight / size / len(self.targets)
                distance, slope = slope_of(region.moments, target, share=share, count=region.weight)
                loss += share * distance
                slopes[level].append(slope)
        return loss, slopes

    @torch.no_grad()
    def _outer_gradients(
        self, box: Box, features: Features, slopes: Mapping[Level, Sequence[Slope | None]]
    ) -> tuple[float, Features]:
        """Return a tile's part of the content's loss, and the loss's gradient by its features, zero in the margin."""
        found, content_loss = {}, 0.0
        for level, x in features.items():
            own, weights = self._inside(x.detach(), box, level), self._weights(box, level)
            total = own.new_zeros(())
            for index, slope in enumerate(slopes[level]):
                if slope is not None:
                    total = slope.at(own) if weights is None else total + weights[index] * slope.at(own)
            if level == CONTENT_LEVEL:
                share = 1.0 if weights is None else weights.sum(0, keepdim=True)
                share = share * CONTENT_WEIGHT / self.num_cells
                content_loss, gradient = self.kept.loss_and_gradient(own.float(), box, share)
                total = total + gradient
            found[level] = total.to(x.dtype)
            if total.shape != x.shape:  # in a tile with a margin, or without any slope
                found[level] = torch.zeros_like(x)
                self._inside(found[level], box, level).copy_(total)
        return content_loss, found

    def _weights(self, box: Box, level: Level) -> Tensor | None:
        shares = shares_of(self.masks, box, level, device=self.device)
        return weighted_by_alpha(shares, self.visible, box, level, device=self.device)

    def _area(self, box: Box) -> Box:
        """Return the box with its margin, wider at the rims, so that all are of one size.

        oneDNN keeps code and buffers for each size that it meets: 130 MiB for the nine of a grid.
        """
        top, left, _, _ = box.grown(self.margin, *self.size)
        height, width = (
            min(side, one + 2 * self.margin) for side, one in zip(self.size, self.boxes[0][2:], strict=True)
        )
        top, left = min(top, self.size[0] - height), min(left, self.size[1] - width)
        return Box(top, left, top + height, left + width)

    def _inside(self, features: Tensor, box: Box, level: Level) -> Tensor:
        return features[..., *box.within(self._area(box), stride=stride(level))]
