"""Adam on the pixels of a picture, with a state that takes little memory.

Reference:
    Kingma & Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1. arXiv:1412.6980
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.images.pixels import to_float
from styler.transfer.canvas import like_canvas

BETAS = (0.9, 0.99)
EPS = 1e-6
"""Added to the root of the second moment, in units of the gradient times the number of pixels, about one."""

ROWS = 64
"""Rows that are updated at a time: the whole of a large picture in floats would take too much memory."""


class Adam:
    """The running mean of the gradient, and the root of that of its square: half precision suffices for a root."""

    def __init__(self, pixels: Tensor, *, dtype: torch.dtype):
        """Start with zeros, in `dtype`, of the shape and on the device of the pixels."""
        self.mean, self.root = (torch.zeros(pixels.shape, dtype=dtype, device=pixels.device) for _ in range(2))
        self.num_steps = 0

    def resize(self, pixels: Tensor, *, dtype: torch.dtype) -> None:
        """Enlarge the state to the size and the device of these pixels: their gradient is of the same scale."""
        self.mean = enlarged(self.mean, pixels, dtype=dtype)
        self.root = enlarged(self.root, pixels, dtype=dtype)

    def update(self, pixels: Tensor, gradient: Tensor, *, rate: float) -> None:
        """Change the pixels, floats in [0, 1] or integers at full scale, in place by a step against the gradient.

        Args:
            pixels: `(1, 3, H, W)`.
            gradient: The same shape, floats, times the number of pixels.
            rate: How far a pixel moves, in [0, 1].
        """
        self.num_steps += 1
        corrections = [1 - beta**self.num_steps for beta in BETAS]
        strips = (x.split(ROWS, -2) for x in (pixels, gradient, self.mean, self.root))
        for part, slope, mean, root in zip(*strips, strict=True):
            g = slope.float()
            mean.copy_(torch.lerp(g, mean.float(), BETAS[0]))
            root.copy_(torch.lerp(g.square(), root.float().square(), BETAS[1]).sqrt())
            step = (mean.float() / corrections[0]) / (root.float() / corrections[1] ** 0.5 + EPS)
            part.copy_(like_canvas(pixels, (to_float(part) - rate * step).clamp_(0, 1)))


def enlarged(state: Tensor, pixels: Tensor, *, dtype: torch.dtype) -> Tensor:
    """Return the state at the size and on the device of the pixels, computed in floats one channel at a time."""
    result = torch.empty(pixels.shape, dtype=dtype, device=pixels.device)
    for index, plane in enumerate(state.split(1, 1)):
        result[:, index : index + 1] = F.interpolate(plane.float(), pixels.shape[-2:], mode="bilinear")
    return result
