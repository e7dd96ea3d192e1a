"""Style and transfer as modules that can be exported: any size of picture, no decomposition, no branch on values.

They compute what `style_of` and `cascade` do for a whole picture, with the map of the features from
`matrix_sqrt.transport(method="products")`. Pictures are `(1, 3, H, W)`, floats in [0, 1], of any size from 1×1.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styler.choices import LEVELS, Level
from styler.export.padding import cropped, padded
from styler.matrix_sqrt import transport
from styler.model.encoder import Encoder
from styler.model.weights import Model
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
from styler.transfer.whitening import EPS


def levels_of(model: Model) -> tuple[Level, ...]:
    """Return the levels that a model has decoders for, coarse to fine."""
    return tuple(level for level in LEVELS if level in model.decoders)


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
        self.levels = levels_of(model)
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
        pixels = self.seeded(padded(content), first_strength(strength) * amplitude_of(roughness))
        for level, wanted, mean, covariance in zip(self.levels, strength, moments[::2], moments[1::2], strict=True):
            fresh = self.decoded(pixels, level, wanted, mean, covariance)
            pixels = torch.where(wanted < 0, pixels, fresh)
        share = (strength.amax(0) / FAINT).clamp(0, 1)
        return torch.lerp(content, cropped(pixels, content), share)

    def decoded(self, pixels: Tensor, level: Level, strength: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
        """Return the pixels of one level."""
        features = self.encoder(pixels, level)
        found = two_pass_moments(features.float())
        mapped = transported(features.float(), *found, mean, covariance, strength)
        return self.decoders[level](mapped).clamp(0, 1)

    def seeded(self, images: Tensor, amplitude: Tensor) -> Tensor:
        """Return the pictures with noise where they are flat, see `styler.transfer.seeding`."""
        total = torch.zeros_like(images)
        for name, sheet in self.named_buffers():
            period = int(name.removeprefix("noise_"))
            rows, columns = (torch.arange(size) % period for size in images.shape[-2:])
            total = total + sheet.float().index_select(-2, rows).index_select(-1, columns)
        return images + amplitude * flatness(images) * (total / len(PERIODS) ** 0.5)


def two_pass_moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean `(1, C)` and covariance `(1, C, C)` of features `(1, C, H, W)`."""
    x = features.flatten(2)
    mean = x.mean(-1)
    x = x - mean.unsqueeze(-1)
    return mean, x @ x.mT / x.shape[-1]


def transported(
    features: Tensor, mean: Tensor, covariance: Tensor, target: Tensor, wanted: Tensor, strength: Tensor
) -> Tensor:
    """Return features `(1, C, H, W)` with these moments mapped to others at a strength: a 1×1 convolution."""
    identity = torch.eye(covariance.shape[-1])
    matrix = transport(covariance + EPS * identity, wanted, method="products")
    matrix = torch.lerp(identity, matrix, strength)
    bias = torch.lerp(mean, target, strength)[0] - matrix[0] @ mean[0]
    return F.conv2d(features, matrix[0, :, :, None, None], bias)


def first_strength(strength: Tensor) -> Tensor:
    """Return the strength of the coarsest level that is not left out."""
    first, *others = strength.unbind()
    for other in others:
        first = torch.where(first < 0, other, first)
    return first


def amplitude_of(roughness: Tensor) -> Tensor:
    """Return the deviation of the noise for a style of this roughness, see `styler.transfer.seeding`."""
    return STRONGEST * ((roughness - SMOOTHEST) / (ROUGHEST - SMOOTHEST)).clamp(0, 1)
