"""The decoders: mirrored encoders, from the features of one level back to images."""

import torch.nn.functional as F
from torch import Tensor, nn

from styler.choices import Level
from styler.model.encoder import Conv3x3
from styler.model.resampling import doubled
from styler.model.vgg import channels, layers_to


class Decoder(nn.Module):
    """The mirrored encoder up to `level`: upsampling instead of pooling, no activation at the end.

    An `antialiased` decoder doubles the resolution without aliasing, see `styler.model.resampling`.
    """

    def __init__(self, level: Level, widths: tuple[int, ...], *, antialiased: bool = False):
        super().__init__()
        self.antialiased = antialiased
        self.layers = tuple(reversed(layers_to(level)))
        convs = [name for name in self.layers if name != "pool"]
        self.convs = nn.ModuleDict({name: Conv3x3(*reversed(channels(name, widths))) for name in convs})

    def forward(self, features: Tensor) -> Tensor:
        """Return the image for `features` `(B, C, h, w)`: `(B, 3, h · stride, w · stride)`, not clamped."""
        x = features
        for name in self.layers[:-1]:
            x = self.resampled(x) if name == "pool" else F.relu(self.convs[name](x), inplace=True)
        return self.convs[self.layers[-1]](x)

    def resampled(self, features: Tensor) -> Tensor:
        """Return the features at twice the resolution, `(B, C, 2H, 2W)`."""
        return doubled(features, antialiased=self.antialiased)
