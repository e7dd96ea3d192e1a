"""Style and transfer as modules that can be exported: any size of picture, no decomposition, no branch on values.

They compute what `style_of` and `cascade` do for a whole picture, with the map of the features from
`matrix_sqrt.transport(method="products")`. Pictures are `(1, 3, H, W)`, floats in [0, 1], of any size from 1×1.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styler.choices import Level
from styler.export.feature_transport import transported, transported_by_region, two_pass_moments
from styler.export.padding import cropped, filled, padded
from styler.model.encoder import Encoder
from styler.model.weights import Model
from styler.transfer.fixed_pattern import BLOCK, CELL, cells_of, counted_cells, normalized, spread
from styler.transfer.regions import shares_in_cells
from styler.transfer.seeding import (
    PERIODS,
    ROUGHEST,
    SMOOTHEST,
    STRONGEST,
    deviation_counts,
    flatness,
    local_deviation,
    noise_sheets,
    roughness_of,
)
from styler.transfer.stylizer import FAINT


def moment_names(levels: Sequence[Level]) -> list[str]:
    """Return the names of a style's moments in the graphs, in their order, as in a .style file."""
    return [f"{level}.{part}" for level in levels for part in ("mean", "covariance")]


class StyleGraph(nn.Module):
    """A picture to its style: mean `(1, C)` and covariance `(1, C, C)` of each level, then the roughness `(1,)`."""

    def __init__(self, encoder: Encoder, levels: Sequence[Level]):
        super().__init__()
        self.encoder, self.levels = encoder, levels

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Return the moments in the order of `moment_names`, and the roughness."""
        canvas = padded(picture)
        features = self.encoder.pyramid(canvas, self.levels)
        found = [part for level in self.levels for part in two_pass_moments(features[level].float())]
        return *found, roughness_of(deviation_counts(local_deviation(canvas)))


class TransferGraph(nn.Module):
    """A content and a style to the stylized picture."""

    def __init__(self, model: Model):
        super().__init__()
        self.levels = model.levels
        self.encoder, self.decoders = model.encoder, nn.ModuleDict(dict(model.decoders))
        for period, sheet in noise_sheets().items():
            self.register_buffer(f"noise_{period}", sheet.half())  # exact

    def forward(self, content: Tensor, strength: Tensor, roughness: Tensor, *moments: Tensor) -> Tensor:
        """Return the stylized picture, of the content's size.

        Args:
            content: The picture.
            strength: By level, coarse to fine, 0 to 1, `(L,)`; negative leaves a level out.
            roughness: That of the style, `(1,)`.
            moments: Of the style, in the order of `moment_names`.
        """
        amplitude = first_strength(strength) * amplitude_of(roughness)
        return self.stylized(content, strength, amplitude, moments)

    def stylized(
        self,
        content: Tensor,
        strength: Tensor,
        amplitude: Tensor,
        moments: Sequence[Tensor],
        shares: Mapping[Level, Tensor] | None = None,
    ) -> Tensor:
        """Return the stylized picture.

        Args:
            content: The picture.
            strength: See `forward`.
            amplitude: Of the noise on flat parts, `(1,)` or by pixel of the padded picture.
            moments: See `forward`; of each region's style if there are several.
            shares: Of the regions in the cells of each level.
        """
        pixels = self.seeded(padded(content), amplitude)
        for level, wanted, mean, covariance in zip(self.levels, strength, moments[::2], moments[1::2], strict=True):
            features = self.encoder(pixels, level).float()
            if shares is None:
                features = transported(features, mean, covariance, wanted)
            else:
                features = transported_by_region(features, shares[level], mean, covariance, wanted)
            fresh = self.decoders[level](features).clamp(0, 1)
            pixels = torch.where(wanted < 0, pixels, fresh)
        share = (strength.amax(0) / FAINT).clamp(0, 1)
        return torch.lerp(content, cropped(without_fixed_pattern(pixels), content), share)

    def seeded(self, images: Tensor, amplitude: Tensor) -> Tensor:
        """Return the pictures with noise where they are flat, see `styler.transfer.seeding`."""
        total = torch.zeros_like(images)
        for name, sheet in self.named_buffers():
            period = int(name.removeprefix("noise_"))
            rows, columns = (torch.arange(size) % period for size in images.shape[-2:])
            total = total + sheet.float().index_select(-2, rows).index_select(-1, columns)
        return images + amplitude * flatness(images) * (total / len(PERIODS) ** 0.5)


class MaskedTransferGraph(TransferGraph):
    """A content, masks and the styles of their regions to the stylized picture, for any number of masks."""

    def forward(  # ty: ignore[incompatible-method-override]
        self, content: Tensor, masks: Tensor, strength: Tensor, roughness: Tensor, *moments: Tensor
    ) -> Tensor:
        """Return the stylized picture, of the content's size.

        Args:
            content: The picture.
            masks: Where all styles but the first go, `(R, 1, H, W)`, see `styler.transfer.regions`.
            strength: By level, coarse to fine, 0 to 1, `(L,)`; negative leaves a level out.
            roughness: That of each style, `(R + 1,)`.
            moments: Of the styles, in the order of `moment_names`: `(R + 1, C)` and `(R + 1, C, C)`.
        """
        areas = padded(masks)
        amplitudes = first_strength(strength) * amplitude_of(roughness)
        amplitude = (amplitudes[:, None, None, None] * shares_in_cells(areas, "relu1_1")).sum(0, keepdim=True)
        shares = {level: shares_in_cells(areas, level) for level in self.levels}
        return self.stylized(content, strength, amplitude, moments, shares)


def without_fixed_pattern(images: Tensor) -> Tensor:
    """Return the pictures without the grid of the networks, see `styler.transfer.fixed_pattern`."""
    cells = cells_of(images)
    pattern = spread(normalized(F.avg_pool2d(filled(counted_cells(cells), BLOCK), BLOCK)))
    return (images - F.pixel_shuffle(cropped(pattern, cells), CELL)).clamp(0, 1)


def first_strength(strength: Tensor) -> Tensor:
    """Return the strength of the coarsest level that is not left out."""
    first, *others = strength.unbind()
    for other in others:
        first = torch.where(first < 0, other, first)
    return first


def amplitude_of(roughness: Tensor) -> Tensor:
    """Return the deviation of the noise for a style of this roughness, see `styler.transfer.seeding`."""
    return STRONGEST * ((roughness - SMOOTHEST) / (ROUGHEST - SMOOTHEST)).clamp(0, 1)
