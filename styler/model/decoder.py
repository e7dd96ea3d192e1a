"""The decoders: each level's trunk mirrored, from features back to pictures."""

import torch.nn.functional as F
from torch import Tensor, nn

from styler.choices import Level
from styler.model.encoder import Conv3x3
from styler.model.vgg import channels, layers_to


class Decoder(nn.Module):
    """The mirror of the trunk up to `level`: pooling becomes nearest upsampling, the last convolution is linear."""

    def __init__(self, level: Level, widths: tuple[int, ...]):
        super().__init__()
        self.layers = tuple(reversed(layers_to(level)))
        convs = [name for name in self.layers if name != "pool"]
        self.convs = nn.ModuleDict({name: Conv3x3(*reversed(channels(name, widths))) for name in convs})

    def forward(self, features: Tensor) -> Tensor:
        """Return the picture of `features` `(B, C, h, w)`: `(B, 3, h · stride, w · stride)`, not yet clamped."""
        x = features
        for name in self.layers[:-1]:
            x = F.interpolate(x, scale_factor=2.0) if name == "pool" else F.relu(self.convs[name](x), inplace=True)
        return self.convs[self.layers[-1]](x)
