"""The student: an encoder during distillation, with batch normalisation, linear heads and decoders.

Convolutions are followed by batch normalisation (measured: unexplained share at relu1_1 0.22 against 0.65
without it after 500 steps). Batch statistics change from batch to batch, and a picture cannot be reconstructed exactly
from features that depend on the other pictures of the batch; so the statistics are frozen after some steps. At the end
the normalisation is folded into the convolutions and the heads are dropped.
"""

import copy
from typing import Self, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from styler.choices import LEVELS, Level
from styler.model.decoder import Decoder
from styler.model.encoder import Encoder, convolutions
from styler.model.resampling import halved
from styler.model.teacher import fold_input
from styler.model.vgg import TRUNK, block
from styler.model.weights import Model

INPUT_MEAN, INPUT_STD = 0.5, 0.25

MIN_RELATIVE_ACTIVATION = 1e-2
"""Lower bound for the mean activation of a channel, relative to the mean over channels, when it is scaled to one.

Without it the weights of a nearly inactive channel exceed half precision.
"""

Network = TypeVar("Network", Encoder, Decoder)


class Student(nn.Module):
    """An encoder and decoders with batch normalisation, and a linear head on each level.

    Batch normalisation uses the statistics of each batch for `freeze_norm_after` steps, then the running statistics.
    Until then no gradient flows from the decoders to the encoder: reconstruction needs a tenth of the steps, the
    teacher's features need all of them (docs/training.md).
    """

    def __init__(self, widths: tuple[int, ...], *, freeze_norm_after: int):
        super().__init__()
        self.freeze_norm_after = freeze_norm_after
        self.encoder = add_normalization(Encoder(widths))
        self.decoders = nn.ModuleDict({level: add_normalization(Decoder(level, widths)) for level in LEVELS})
        sizes = {level: widths[block(level)] for level in LEVELS}
        self.heads = nn.ModuleDict({level: nn.Conv2d(size, size, 1) for level, size in sizes.items()})

    def train(self, mode: bool = True) -> Self:
        """Set the training mode of all modules except frozen normalisations."""
        super().train(mode)
        for norm in batch_norms(self):
            counted = norm.get_buffer("num_batches_tracked")
            norm.train(mode and int(counted) < self.freeze_norm_after)
        return self

    def forward(self, images: Tensor) -> tuple[dict[Level, Tensor], dict[Level, Tensor]]:
        """Return by level the predictions of the heads, `(B, K, h, w)`, and the reconstructed images."""
        features = self.encoder.pyramid((images - INPUT_MEAN) / INPUT_STD)
        predicted = {level: self.heads[level](x) for level, x in features.items()}
        is_frozen = not batch_norms(self)[0].training
        decoded = features if is_frozen else {level: x.detach() for level, x in features.items()}
        return predicted, {level: self.decoders[level](x) for level, x in decoded.items()}


def add_normalization(network: Network) -> Network:
    """Add batch normalisation after each convolution, except one to pixels; in place, and return the network."""
    for name, conv in zip(list(network.convs), convolutions(network), strict=True):
        nn.init.kaiming_normal_(conv.weight)
        nn.init.zeros_(conv.bias)
        if conv.out_channels == 3:
            nn.init.constant_(conv.bias, INPUT_MEAN)
            conv.weight.data *= 0.1
        else:
            network.convs[name] = nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels))
    return network


def batch_norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    """Return the batch normalisations of a network, in order of creation."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def student_model(student: Student, images: Tensor) -> Model:
    """Return the trained networks without heads: normalisation folded in, mean activations on `images` scaled to 1."""
    student.eval()
    encoder = fold_normalization(student.encoder, Encoder(student.encoder.widths))
    decoders = {level: Decoder(level, encoder.widths) for level in LEVELS}
    for level, decoder in decoders.items():
        fold_normalization(student.decoders[level], decoder)
    fold_input(encoder, flip=False, mean=torch.full((3,), INPUT_MEAN), std=torch.full((3,), INPUT_STD))
    scales = equalize(encoder, images)
    for level, decoder in decoders.items():
        convolutions(decoder)[0].weight.data *= scales[level.replace("relu", "conv")].view(1, -1, 1, 1)
    model = Model(encoder, decoders)
    model.modules().requires_grad_(False)
    return model


def fold_normalization(network: nn.Module, plain: Network) -> Network:
    """Copy the convolutions of `network` into `plain`, with their normalisation folded in; return `plain`."""
    norms = iter(batch_norms(network))
    for name, conv in zip(plain.convs, convolutions(network), strict=True):
        to_pixels = conv.out_channels == 3
        plain.convs[name] = copy.deepcopy(conv) if to_pixels else fuse_conv_bn_eval(conv, next(norms))
    return plain


@torch.no_grad()
def equalize(encoder: Encoder, images: Tensor) -> dict[str, Tensor]:
    """Scale the filters, in place, so that each channel's mean activation on `images` is one.

    The function of a ReLU network stays the same: each filter is divided by a factor, and the weights of the next layer
    for its channel are multiplied by it. Channels that are zero on all of `images` are not scaled. With scaled channels
    absolute tolerances on covariances are meaningful.

    Returns:
        The divisors of the channels of each convolution, `(C,)`.
    """
    convs = dict(zip(encoder.convs, convolutions(encoder), strict=True))
    scales, scale, x = {}, torch.ones(3, device=images.device), images
    for name in TRUNK:
        if name == "pool":
            x = halved(x, antialiased=encoder.antialiased)
            continue
        conv = convs[name]
        conv.weight *= scale.view(1, -1, 1, 1)
        y = F.relu(conv(x))
        scale = y.mean((0, 2, 3))
        scale = torch.where(scale > 0, scale.clamp_min(MIN_RELATIVE_ACTIVATION * scale.mean()), 1)
        scales[name] = scale
        conv.weight /= scale.view(-1, 1, 1, 1)
        conv.bias /= scale
        x = y / scale.view(1, -1, 1, 1)
    return scales
