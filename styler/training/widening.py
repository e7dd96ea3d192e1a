"""Widening: a model with more channels that draws what the narrow one draws, and has room to learn more.

The new channels see everything and nothing listens to them yet, so pictures that are only encoded and decoded are
the same; the first step of a training begins to use them.
"""

import torch
from torch import nn

from styler.model.decoder import Decoder
from styler.model.encoder import Conv3x3, Encoder, convolutions
from styler.model.weights import Model


@torch.no_grad()
def widened(model: Model, factor: int = 2, *, seed: int = 0) -> Model:
    """Return a model of `factor` times the channels, the first of which are those of `model`.

    Reference:
        After Chen, Goodfellow & Shlens, Net2Net (2016), arXiv:1511.05641; unlike their copies, new channels are
        random ones that differ from the first step on.
    """
    torch.manual_seed(seed)
    widths = tuple(factor * width for width in model.encoder.widths)
    wide = Model(Encoder(widths), {level: Decoder(level, widths) for level in model.decoders}, model.name)
    for narrow, wider in zip(convolutions(model.modules()), convolutions(wide.modules()), strict=True):
        _grow(narrow, wider)
    return wide


def _grow(narrow: Conv3x3, wider: Conv3x3) -> None:
    rows, columns = narrow.weight.shape[:2]
    nn.init.kaiming_normal_(wider.weight)
    nn.init.zeros_(wider.bias)
    wider.weight -= wider.weight.mean((1, 2, 3), keepdim=True)  # inputs are positive: else always on, or never
    wider.weight[:rows] = 0
    wider.weight[:rows, :columns] = narrow.weight
    wider.bias[:rows] = narrow.bias
