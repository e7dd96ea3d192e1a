"""The hybrid protocol: fast approximate roots for most of the training, accurate ones for the last epochs."""

from typing import Any

from torch import nn

from styler.covariance.root_layer import RootChoice, RootLayer

NEWTON_SCHULZ: RootChoice = {
    "method": "newton_schulz",
    "max_iterations": 5,
    "normalize": "trace",
    "backward": "autograd",
}
"""Five steps differentiated as they stand: iSQRT-COV, whose smooth gradients carry the early epochs."""
SVD_PADE: RootChoice = {"method": "svd", "backward": "svd_pade"}
"""The meta-layer that did best: accurate forward, gradient by Padé approximants."""


class HybridMethod:
    """Sets the roots of all covariance layers in a model by epoch, as a learning-rate scheduler sets rates.

    Example::

        hybrid = HybridMethod(model, switch_epoch=50)
        for epoch in range(60):
            train_one_epoch()
            hybrid.step()

    Its state is the epoch alone: keep `state_dict()` in the checkpoint, and give it to `load_state_dict` to go
    on with the root of that epoch. The model's own state does not change.

    Args:
        model: Holds one covariance layer or more.
        switch_epoch: First epoch, from 0, that `last` takes.
        first: Roots before; see `RootChoice`.
        last: Roots from then on; "svd_taylor", "svd_trunc", "svd_topn" and "svd_newton" are the other meta-layers.

    Raises:
        ValueError: If the model has no covariance layer, or `switch_epoch` is negative.

    Reference:
        Song, Sebe, Wang, Why Approximate Matrix Square Root Outperforms Accurate SVD in Global Covariance
        Pooling? (2021), sec. 4. arXiv:2105.02498
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        switch_epoch: int,
        first: RootChoice = NEWTON_SCHULZ,
        last: RootChoice = SVD_PADE,
    ) -> None:
        self.layers = [module for module in model.modules() if isinstance(module, RootLayer)]
        if not self.layers:
            raise ValueError(f"expected model with a covariance layer, got {type(model).__name__} without one")
        if switch_epoch < 0:
            raise ValueError(f"expected switch_epoch of at least 0, got {switch_epoch}")
        self.switch_epoch, self.first, self.last = switch_epoch, first, last
        self.load_state_dict({"epoch": 0})

    @property
    def root(self) -> RootChoice:
        """Return the root options of the current epoch."""
        return self.first if self.epoch < self.switch_epoch else self.last

    def step(self) -> None:
        """End an epoch."""
        self.load_state_dict({"epoch": self.epoch + 1})

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue at the epoch that `state_dict` returned."""
        self.epoch = state["epoch"]
        for layer in self.layers:
            layer.root = self.root
