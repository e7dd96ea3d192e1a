"""Networks of each layer with each of the papers' roots, and the hybrid protocol with several switch epochs."""

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
"""SVD-Clip and SVD-PI are not options of the layers, because of their gradients: see `styler bench sqrt`."""

Network = Callable[[Data], nn.Module]


def networks(layer: str, root: RootChoice) -> Network:
    """Return the function that builds the network of a layer with a root."""
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
    """Return the layer's network with each root; empty for the hybrid protocol, which sets its own roots."""
    return [] if layer == "HybridMethod" else [Part(name, networks(layer, root)) for name, root in ROOTS.items()]


def parts_by_switch(epochs: Sequence[int]) -> list[Part]:
    """Return the hybrid protocol with each of the switch epochs."""
    return [Part(f"SVD-Padé from epoch {epoch} on", pooled_by(), epoch) for epoch in epochs]
