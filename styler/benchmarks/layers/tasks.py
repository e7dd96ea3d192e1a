"""The tasks: for each layer its data, its network, and the network with the plain counterpart."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from styler.benchmarks.layers.data import Data, digits, digits_with_crosstalk, moving_shapes
from styler.benchmarks.layers.models import (
    AverageOverTime,
    ClassTokenHead,
    ReferencedNetwork,
    Transformer,
    VideoNetwork,
    normalised_network,
    pooled_network,
)
from styler.covariance import (
    CovariancePool2d,
    DecorrelatedBatchNorm2d,
    SecondOrderHead,
    TemporalAttentiveCovariancePool,
)
from styler.covariance.hybrid import NEWTON_SCHULZ

NUM_EPOCHS, SWITCH_EPOCH = 10, 8
"""Of the hybrid protocol: parts of the training."""


class Part(NamedTuple):
    """A network made for some data, and the epoch of the hybrid protocol at which its roots switch, if it is one."""

    name: str
    network: Callable[[Data], nn.Module]
    switch_epoch: int | None = None


class Task(NamedTuple):
    """Two networks that differ in one part, and how their data are drawn."""

    data: Callable[[torch.Generator], Data]
    layer: Part
    plain: Part


def reference_picture() -> Tensor:
    """Return 64 digits without crosstalk side by side, `(1, 4, 64, 16)`."""
    channels = F.pixel_unshuffle(digits(torch.Generator().manual_seed(0)).x[:64], 2)
    return channels.transpose(0, 1).flatten(2)[None]


def pooled_by(**root) -> Callable[[Data], nn.Module]:
    """Return the function that builds a network with covariance pooling."""
    return lambda data: pooled_network(CovariancePool2d(**root), 136, data.num_classes)


TASKS = {
    "DecorrelatedBatchNorm2d": Task(
        digits,
        Part("groups of 8", lambda d: normalised_network(lambda c: DecorrelatedBatchNorm2d(c, groups=c // 8), 10)),
        Part("BatchNorm2d", lambda d: normalised_network(nn.BatchNorm2d, 10)),
    ),
    "CovariancePool2d": Task(
        digits,
        Part("covariance", pooled_by()),
        Part("average pooling", lambda d: pooled_network(nn.AdaptiveAvgPool2d(1), 16, 10)),
    ),
    "HybridMethod": Task(
        digits,
        Part("a fifth of it SVD-Padé", pooled_by(), SWITCH_EPOCH),
        Part("Newton–Schulz alone", pooled_by(**NEWTON_SCHULZ)),
    ),
    "SecondOrderHead": Task(
        digits,
        Part("all tokens", lambda d: Transformer(SecondOrderHead(32, 10, projections=(12, 12)))),
        Part("class token", lambda d: Transformer(ClassTokenHead(32, 10))),
    ),
    "TemporalAttentiveCovariancePool": Task(
        moving_shapes,
        Part("covariance", lambda d: VideoNetwork(TemporalAttentiveCovariancePool(16), 136, d.num_classes)),
        Part("average over time", lambda d: VideoNetwork(AverageOverTime(), 16, d.num_classes)),
    ),
    "WhiteningColoring2d": Task(
        digits_with_crosstalk,
        Part("one group", lambda d: ReferencedNetwork(1, reference_picture(), 10)),
        Part("AdaIN", lambda d: ReferencedNetwork(4, reference_picture(), 10)),
    ),
}
