"""The encoder: VGG-19 of any width up to relu4_1, from images to the features of each level.

Images are RGB floats in [0, 1], `(B, 3, H, W)`.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styler.choices import LEVELS, Level
from styler.model.resampling import halved
from styler.model.vgg import TRUNK, WIDTHS, channels


class Conv3x3(nn.Conv2d):
    """A 3x3 convolution with reflection padding, which keeps the size.

    The input is converted to the precision of the weights. With `out_dtype` the bias is added in float32 and the
    output has that precision, so that consecutive layers may have different precisions.
    """

    out_dtype: torch.dtype | None = None

    bias: Tensor  # ty: ignore[incompatible-mutable-override]  the bias of a Conv2d may be None

    def __init__(self, before: int, after: int):
        super().__init__(before, after, 3, padding=1, padding_mode="reflect")

    def forward(self, input: Tensor) -> Tensor:
        """Return the convolved input, `(B, C, H, W)`."""
        x = input if torch.is_autocast_enabled(input.device.type) else input.to(self.weight.dtype)
        if self.out_dtype is None:
            return super().forward(x)
        if self.weight.dtype == torch.float32:
            return super().forward(x).to(self.out_dtype)
        x = self._conv_forward(x, self.weight, None).float()
        return x.add_(self.bias.float().view(-1, 1, 1)).to(self.out_dtype)


def convolutions(network: nn.Module) -> list[Conv3x3]:
    """Return the 3x3 convolutions of a network, in order of creation."""
    return [module for module in network.modules() if isinstance(module, Conv3x3)]


class Encoder(nn.Module):
    """VGG-19 up to relu4_1 with `widths` channels in its four blocks.

    Input normalization is folded into conv1_1, which is exact because reflection padding commutes with it. An
    `antialiased` encoder halves the resolution without aliasing, see `styler.model.resampling`.
    """

    layers = TRUNK

    def __init__(self, widths: tuple[int, ...] = WIDTHS, *, antialiased: bool = False):
        super().__init__()
        self.widths, self.antialiased = tuple(widths), antialiased
        convs = [name for name in TRUNK if name != "pool"]
        self.convs = nn.ModuleDict({name: Conv3x3(*channels(name, self.widths)) for name in convs})

    def forward(self, image: Tensor, level: Level) -> Tensor:
        """Return the features of `image` at `level`, `(B, C, H / stride, W / stride)`."""
        return self.pyramid(image, [level])[level]

    def pyramid(self, image: Tensor, levels: Iterable[Level] = LEVELS) -> dict[Level, Tensor]:
        """Return the features of `image` at each of `levels`, from one forward pass."""
        wanted, features = set(levels), {}
        x = image
        for name in self.layers:
            if len(features) == len(wanted):
                break
            x = self.resampled(x) if name == "pool" else F.relu(self.convs[name](x), inplace=True)
            level = name.replace("conv", "relu")
            if level in wanted:
                features[level] = x
        return features

    def resampled(self, features: Tensor) -> Tensor:
        """Return the features at half the resolution, `(B, C, H / 2, W / 2)`."""
        return halved(features, antialiased=self.antialiased)
