"""Each layer with each of the papers' roots, and the hybrid protocol with each epoch of its switch."""

from collections.abc import Callable, Sequence

from torch import nn

from styler.benchmarks.layers.data import Data
from styler.benchmarks.layers.models import ReferencedNetwork, Transformer, VideoNetwork, normalised_network
from styler.benchmarks.layers.tasks import Part, pooled_by, reference_picture
from styler.covariance import DecorrelatedBatchNorm2d, SecondOrderHead, TemporalAttentiveCovariancePool
from styler.covariance.hybrid import NEWTON_SCHULZ, SVD_PADE
from styler.covariance.root_layer import RootChoice

ROOTS: dict[str, RootChoice] = {
    "exact": {},
    "SVD-Trunc": {"method": "svd", "backward": "svd_trunc"},
    "SVD-Taylor": {"method": "svd", "backward": "svd_taylor"},
    "SVD-Padé": SVD_PADE,
    "SVD-Newton": {"method": "svd", "backward": "svd_newton"},
    "NS(5)": NEWTON_SCHULZ,
    "MPA, one step": {"method": "mpa", "max_iterations": 1, "backward": "lyapunov"},
    "MTP, one step": {"method": "mtp", "max_iterations": 1, "backward": "lyapunov"},
}
"""SVD-Clip and SVD-PI are no choice of the layers, since they are no gradient one would want: `styler bench sqrt`."""

Network = Callable[[Data], nn.Module]


def networks(layer: str, root: RootChoice) -> Network:
    """Return what makes the network of a layer with a root."""
    return {
        "DecorrelatedBatchNorm2d": lambda data: normalised_network(
            lambda channels: DecorrelatedBatchNorm2d(channels, groups=channels // 8, **root), data.num_classes
        ),
        "CovariancePool2d": pooled_by(**root),
        "SecondOrderHead": lambda data: Transformer(
            SecondOrderHead(32, data.num_classes, projections=(12, 12), **root)
        ),
        "TemporalAttentiveCovariancePool": lambda data: VideoNetwork(
            TemporalAttentiveCovariancePool(16, **root), 136, data.num_classes
        ),
        "WhiteningColoring2d": lambda data: ReferencedNetwork(1, reference_picture(), data.num_classes, **root),
    }[layer]


def parts_by_root(layer: str) -> list[Part]:
    """Return the layer's network with each root; none for the hybrid protocol, which has roots of its own."""
    return [] if layer == "HybridMethod" else [Part(name, networks(layer, root)) for name, root in ROOTS.items()]


def parts_by_switch(epochs: Sequence[int]) -> list[Part]:
    """Return the hybrid protocol with its switch at each of the epochs."""
    return [Part(f"SVD-Padé from epoch {epoch} on", pooled_by(), epoch) for epoch in epochs]
