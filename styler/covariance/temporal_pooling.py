"""Covariance pooling of a whole video."""

import torch
from torch import Tensor, nn

from styler.choices import Method
from styler.covariance.pooling import CovariancePool2d
from styler.covariance.temporal_attention import TemporalAttention
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.iteration import Normalize


class TemporalAttentiveCovariancePool(nn.Module):
    """Videos `(B, T, C, H, W)` to the root of one covariance over all frames, its upper triangle.

    The covariance does not know the order of frames; `TemporalAttention` before it does, and begins as the
    identity: untrained, this is `CovariancePool2d` of all frames side by side.

    Args:
        channels: C.
        kernel_size: Frames that the attention's convolution sees, an odd number.
        eps: Ridge relative to tr(covariance)/C.
        device: Of parameters and buffers.
        dtype: Of parameters and buffers.
        method: How the root is computed, see `RootChoice` for this and all that follow.
        backward: How its gradient is.
        degree: Of "mpa" and "mtp".
        max_iterations: Bound of an iterated method.
        normalize: Norm that an iterated method divides by first.
        strict: Whether never to look at a value.

    Reference:
        Gao et al., Temporal-attentive Covariance Pooling Networks for Video Recognition (2021).
        arXiv:2110.14381, with the roots of arXiv:2201.08663 in arXiv:2201.12543
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        eps: float = 0.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        method: Method = "auto",
        backward: Backward = "auto",
        degree: int | None = None,
        max_iterations: int | None = None,
        normalize: Normalize = "frobenius",
        strict: bool = False,
    ) -> None:
        super().__init__()
        self.channels, self.kernel_size = channels, kernel_size
        self.attention = TemporalAttention(channels, kernel_size=kernel_size, device=device, dtype=dtype)
        self.pool = CovariancePool2d(
            eps=eps,
            method=method,
            backward=backward,
            degree=degree,
            max_iterations=max_iterations,
            normalize=normalize,
            strict=strict,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled features, `(B, C·(C + 1)/2)`, in the features' dtype.

        Raises:
            ValueError: If x is not `(B, T, channels, H, W)`, has fewer than kernel_size // 2 frames, or one
                position in all while training.
        """
        if x.ndim != 5 or x.shape[2] != self.channels:
            raise ValueError(f"expected x of shape (B, T, {self.channels}, H, W), got {tuple(x.shape)}")
        if x.shape[1] < max(1, self.kernel_size // 2):
            least = max(1, self.kernel_size // 2)
            raise ValueError(
                f"expected x with {least} frames or more for kernel_size={self.kernel_size}, got {x.shape[1]}"
            )
        if self.training and x.numel() == self.channels:
            raise ValueError("expected x with more than one position in all while training, got one")
        frames = self.attention(x.flatten(3).mT)
        return self.pool(frames.permute(0, 3, 1, 2)).to(x.dtype)

    def extra_repr(self) -> str:
        """Return the arguments that the submodules do not show."""
        return f"{self.channels}, kernel_size={self.kernel_size}"
