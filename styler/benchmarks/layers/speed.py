"""Forward and backward time of the layers with each root, with as many channels as in the papers' experiments."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from styler.benchmarks.sqrt.timing import median_times
from styler.choices import Method
from styler.covariance import (
    CovariancePool2d,
    DecorrelatedBatchNorm2d,
    SecondOrderHead,
    TemporalAttentiveCovariancePool,
    WhiteningColoring2d,
)
from styler.covariance.root_layer import RootChoice

METHODS: tuple[Method, ...] = ("auto", "mpa", "mtp", "newton_schulz", "svd")


class Case(NamedTuple):
    """A layer with its root options, its input shapes, and the batch of matrices whose roots it computes."""

    layer: Callable[..., nn.Module]
    shapes: tuple[tuple[int, ...], ...]
    matrices: str


# Feature maps large enough for covariances of full rank; else the iterations fall back on `eigh`.
CASES = {
    "DecorrelatedBatchNorm2d": Case(lambda **root: DecorrelatedBatchNorm2d(64, **root), ((32, 64, 16, 16),), "1×64×64"),
    "CovariancePool2d": Case(CovariancePool2d, ((32, 256, 28, 28),), "32×256×256"),
    "SecondOrderHead": Case(lambda **root: SecondOrderHead(256, 1000, **root), ((64, 197, 256),), "64×48×48, twice"),
    "TemporalAttentiveCovariancePool": Case(
        lambda **root: TemporalAttentiveCovariancePool(128, **root), ((16, 8, 128, 7, 7),), "16×128×128"
    ),
    "WhiteningColoring2d": Case(
        lambda **root: WhiteningColoring2d(groups=4, **root), ((4, 256, 32, 32), (1, 256, 32, 32)), "20×64×64"
    ),
}


@dataclass(frozen=True)
class SpeedRow:
    """Medians in milliseconds of one layer with one root, in float32."""

    layer: str
    matrices: str
    method: str
    forward_ms: float
    backward_ms: float


def speed_rows(
    layers: Sequence[str],
    *,
    device: torch.device,
    repeats: int = 5,
    roots: Mapping[str, RootChoice] | None = None,
) -> Iterator[SpeedRow]:
    """Yield a row for each layer in `CASES` and each root, measured alternately.

    Args:
        layers: Names; those that are not in `CASES` are passed over.
        device: Where layers run.
        repeats: Timed runs of each, every one after a warm-up.
        roots: By name; exact ones by each of `METHODS` by default.
    """
    chosen = {method: RootChoice(method=method) for method in METHODS} if roots is None else roots
    for layer in (name for name in layers if name in CASES):
        case = CASES[layer]
        torch.manual_seed(0)
        x, *others = (torch.randn(shape).to(device) for shape in case.shapes)
        functions = {name: partial(output, case.layer(**root).to(device), others) for name, root in chosen.items()}
        with torch.no_grad():
            weight = torch.ones_like(next(iter(functions.values()))(x))
        for name, times in median_times(functions, x, weight, repeats=repeats).items():
            yield SpeedRow(layer, case.matrices, name, *times)


def output(layer: nn.Module, others: Sequence[Tensor], x: Tensor) -> Tensor:
    """Return a layer's output, as a function of its first input."""
    return layer(x, *others)
