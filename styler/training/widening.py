"""Widening: a model with more channels that reconstructs the same pictures as the narrow one, as a start for training.

The new channels read all channels, and the weights that read them are zero, so that reconstruction is unchanged until
training changes these weights.
"""

import torch
from torch import nn

from styler.model.encoder import Conv3x3, convolutions
from styler.model.weights import Model, new_model


@torch.no_grad()
def widened(model: Model, factor: int = 2, *, seed: int = 0) -> Model:
    """Return a model with `factor` times the channels, the first of which are those of `model`.

    Reference:
        Chen, Goodfellow & Shlens, Net2Net (2016), arXiv:1511.05641; new channels are random, unlike the copies there,
        so that they differ from the first step on.
    """
    torch.manual_seed(seed)
    widths = tuple(factor * width for width in model.encoder.widths)
    wide = new_model(widths, model.decoders, antialiased=model.antialiased)
    wide.name = model.name
    for narrow, wider in zip(convolutions(model.modules()), convolutions(wide.modules()), strict=True):
        _copy_weights(narrow, wider)
    return wide


def _copy_weights(narrow: Conv3x3, wider: Conv3x3) -> None:
    rows, columns = narrow.weight.shape[:2]
    nn.init.kaiming_normal_(wider.weight)
    nn.init.zeros_(wider.bias)
    wider.weight -= wider.weight.mean(
        (1, 2, 3), keepdim=True
    )  # inputs are positive: otherwise a channel is always or never active
    wider.weight[:rows] = 0
    wider.weight[:rows, :columns] = narrow.weight
    wider.bias[:rows] = narrow.bias
