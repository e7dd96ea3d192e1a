"""Which square root a layer uses: chosen when the layer is built, or changed during training."""

from typing import TypedDict, Unpack

import torch
from torch import nn

from styler.choices import Method
from styler.matrix_sqrt import sqrtm
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.iteration import Normalize


class RootChoice(TypedDict, total=False):
    """Options of every layer's root, those of `styler.matrix_sqrt.sqrtm_pair`.

    `method` is "auto" by default, and so is `backward`; `degree` is that of "mpa" and "mtp"; `max_iterations`
    bounds an iterated method, which then is not checked: 1 gives "mpa" and "mtp" as published, and with
    "newton_schulz" 5, `normalize="trace"` and `backward="autograd"` are iSQRT-COV's; `strict` needs no host
    synchronisation.
    """

    method: Method
    backward: Backward
    degree: int | None
    max_iterations: int | None
    normalize: Normalize
    strict: bool


DEFAULTS = {
    "method": "auto",
    "backward": "auto",
    "degree": None,
    "max_iterations": None,
    "normalize": "frobenius",
    "strict": False,
}


class RootLayer(nn.Module):
    """A layer that takes roots of covariances; `root` holds their options, and may be changed at any time.

    Layers call roots with `check=False`: a covariance is semidefinite, so no check can fail, and what is
    NaN or infinite in one item is NaN in that item's root.

    Raises:
        ValueError: If `eps` is negative or an option has no such value.
    """

    root: RootChoice
    shown: tuple[str, ...] = ("eps",)

    def __init__(self, *, eps: float, **root: Unpack[RootChoice]) -> None:
        super().__init__()
        sqrtm(torch.empty(0, 0, device="cpu"), eps=eps, **root)  # depends on the options only
        self.eps, self.root = eps, root

    def extra_repr(self) -> str:
        """Return the layer's arguments, and root options that differ from their defaults."""
        chosen = {name: value for name, value in self.root.items() if value != DEFAULTS[name]}
        options = {name: getattr(self, name) for name in self.shown} | chosen
        return ", ".join(f"{name}={value!r}" for name, value in options.items())
