"""The layers of styler.covariance with the shapes of their inputs, and features for them."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from styler.covariance import (
    CovariancePool2d,
    DecorrelatedBatchNorm2d,
    SecondOrderHead,
    TemporalAttentiveCovariancePool,
    WhiteningColoring2d,
)


class Case(NamedTuple):
    """A layer, shapes of inputs that make full covariances, and of some that make deficient ones."""

    layer: Callable[..., nn.Module]
    shapes: tuple[tuple[int, ...], ...]
    deficient: tuple[tuple[int, ...], ...]


CASES = {
    "batch norm": Case(partial(DecorrelatedBatchNorm2d, 6, groups=2), ((2, 6, 3, 4),), ((1, 6, 1, 2),)),
    "pool": Case(CovariancePool2d, ((2, 4, 3, 4),), ((2, 4, 1, 3),)),
    "cross head": Case(partial(SecondOrderHead, 5, 3, projections=(4, 3)), ((2, 13, 5),), ((2, 3, 5),)),
    "head": Case(partial(SecondOrderHead, 5, 3, projections=(4,)), ((2, 13, 5),), ((2, 4, 5),)),
    "video pool": Case(partial(TemporalAttentiveCovariancePool, 4), ((2, 3, 4, 2, 3),), ((2, 1, 4, 1, 3),)),
    "wct": Case(partial(WhiteningColoring2d, groups=2), ((2, 6, 3, 4), (2, 6, 4, 3)), ((2, 6, 1, 2), (1, 6, 1, 2))),
}


def features(*shape: int) -> Tensor:
    """Return features with correlated channels, `(B, C, H, W)`."""
    return torch.einsum("cd,bdhw->bchw", torch.randn(shape[1], shape[1]), torch.randn(shape)) + torch.randn(shape[1:])
