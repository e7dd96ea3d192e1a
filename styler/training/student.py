"""The student: an encoder that learns from a teacher, with what it needs while it learns and no longer.

Convolutions are followed by batch normalisation (measured: unexplained share at relu1_1 0.22 against 0.65
without it after 500 steps). Its statistics are frozen after a while, since they change with each batch, and a
picture can't be told exactly from features that do. In the end it is folded away and the heads are dropped.
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
from styler.model.vgg import TRUNK, block
from styler.model.weights import Model
from styler.training.teacher import fold_input

INPUT_MEAN, INPUT_STD = 0.5, 0.25

FAINTEST = 1e-2
"""Of the mean over channels: what a nearly dark one is scaled by at most, lest its weights leave half precision."""

Network = TypeVar("Network", Encoder, Decoder)


class Student(nn.Module):
    """An encoder and its decoders with batch normalisation, and a linear head on each level.

    Normalisation goes by the batch's own statistics for `num_settling` steps, then by those gathered so far. Until
    then the decoders learn without a say in what the encoder learns: a picture comes back after a tenth of the
    steps, what the teacher knows takes them all (docs/training.md).
    """

    def __init__(self, widths: tuple[int, ...], *, num_settling: int):
        super().__init__()
        self.num_settling = num_settling
        self.encoder = normalized(Encoder(widths))
        self.decoders = nn.ModuleDict({level: normalized(Decoder(level, widths)) for level in LEVELS})
        sizes = {level: widths[block(level)] for level in LEVELS}
        self.heads = nn.ModuleDict({level: nn.Conv2d(size, size, 1) for level, size in sizes.items()})

    def train(self, mode: bool = True) -> Self:
        """Set the mode of everything but the normalisation that has settled."""
        super().train(mode)
        for norm in normalizations(self):
            counted = norm.get_buffer("num_batches_tracked")
            norm.train(mode and int(counted) < self.num_settling)
        return self

    def forward(self, images: Tensor) -> tuple[dict[Level, Tensor], dict[Level, Tensor]]:
        """Return by level what the heads say of `images`, `(B, K, h, w)`, and the pictures decoded."""
        features = self.encoder.pyramid((images - INPUT_MEAN) / INPUT_STD)
        said = {level: self.heads[level](x) for level, x in features.items()}
        settled = not normalizations(self)[0].training
        drawn = features if settled else {level: x.detach() for level, x in features.items()}
        return said, {level: self.decoders[level](x) for level, x in drawn.items()}


def normalized(network: Network) -> Network:
    """Return the network, changed in place: batch normalisation behind each convolution but one to pixels."""
    for name, conv in zip(list(network.convs), convolutions(network), strict=True):
        nn.init.kaiming_normal_(conv.weight)
        nn.init.zeros_(conv.bias)
        if conv.out_channels == 3:
            nn.init.constant_(conv.bias, INPUT_MEAN)
            conv.weight.data *= 0.1
        else:
            network.convs[name] = nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels))
    return network


def normalizations(network: nn.Module) -> list[nn.BatchNorm2d]:
    """Return the batch normalisations of a network, in the order in which they were made."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def finished(student: Student, images: Tensor) -> Model:
    """Return the networks alone: normalisation folded in, mean activations on `images` made one."""
    student.eval()
    encoder = folded(student.encoder, Encoder(student.encoder.widths))
    decoders = {level: Decoder(level, encoder.widths) for level in LEVELS}
    for level, decoder in decoders.items():
        folded(student.decoders[level], decoder)
    fold_input(encoder, flip=False, mean=torch.full((3,), INPUT_MEAN), std=torch.full((3,), INPUT_STD))
    scales = equalize(encoder, images)
    for level, decoder in decoders.items():
        convolutions(decoder)[0].weight.data *= scales[level.replace("relu", "conv")].view(1, -1, 1, 1)
    model = Model(encoder, decoders)
    model.modules().requires_grad_(False)
    return model


def folded(network: nn.Module, plain: Network) -> Network:
    """Return `plain`, in place with the convolutions of a normalised network, their normalisation in them."""
    norms = iter(normalizations(network))
    for name, conv in zip(plain.convs, convolutions(network), strict=True):
        to_pixels = conv.out_channels == 3
        plain.convs[name] = copy.deepcopy(conv) if to_pixels else fuse_conv_bn_eval(conv, next(norms))
    return plain


@torch.no_grad()
def equalize(encoder: Encoder, images: Tensor) -> dict[str, Tensor]:
    """Scale the filters, in place, so that each channel's mean activation on `images` is one.

    Exact for a ReLU network: a filter is divided, what reads its channel is multiplied. Channels that stay
    dark on all of `images` are left as they are. It gives absolute tolerances on covariances a meaning.

    Returns:
        By what the channels of each convolution were divided, `(C,)`.
    """
    convs = dict(zip(encoder.convs, convolutions(encoder), strict=True))
    scales, scale, x = {}, torch.ones(3, device=images.device), images
    for name in TRUNK:
        if name == "pool":
            x = F.max_pool2d(x, 2)
            continue
        conv = convs[name]
        conv.weight *= scale.view(1, -1, 1, 1)
        y = F.relu(conv(x))
        scale = y.mean((0, 2, 3))
        scale = torch.where(scale > 0, scale.clamp_min(FAINTEST * scale.mean()), 1)
        scales[name] = scale
        conv.weight /= scale.view(-1, 1, 1, 1)
        conv.bias /= scale
        x = y / scale.view(1, -1, 1, 1)
    return scales
