"""Attention over neighbouring frames, which makes the features of a video depend on motion."""

from typing import Any

import torch
from torch import Tensor, nn


class TemporalAttention(nn.Module):
    """Frames `(B, T, N, C)`, N positions each, calibrated by those around them; the same shape comes back.

    Three parts: in space, positions attend to the affinity of the two frames before; channels are weighted by
    how their means differ from those frames'; and a convolution over time, a circle, adds the result to the
    frames. Its weights begin at zero, so an untrained module changes nothing.

    Unlike the authors' code, the first frames are their own predecessors for the channels as well (there the
    last frames are), and no ReLU follows the sum: that way "changes nothing" is exact.

    Args:
        channels: C.
        kernel_size: Frames of the convolution, an odd number.
        device: Of parameters and buffers.
        dtype: Of parameters and buffers.

    Reference:
        Gao et al., Temporal-attentive Covariance Pooling Networks for Video Recognition (2021), sec. 2.2.
        arXiv:2110.14381
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"expected kernel_size odd and above 0, got {kernel_size}")
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        self.value, self.query, self.key = (nn.Linear(channels, channels, **place) for _ in range(3))
        self.norm = nn.BatchNorm1d(channels, **place)
        self.gate = nn.Sequential(
            nn.Linear(channels, 4 * channels, **place),
            nn.ReLU(),
            nn.Linear(4 * channels, channels, **place),
            nn.Sigmoid(),
        )
        self.over_time = nn.Conv1d(
            channels, channels, kernel_size, padding=kernel_size // 2, padding_mode="circular", **place
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the parameters; the module then returns its input."""
        for part in self.modules():
            if isinstance(part, nn.Linear | nn.BatchNorm1d):
                part.reset_parameters()
        for parameter in (self.norm.weight, *self.over_time.parameters()):
            nn.init.zeros_(parameter)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the calibrated frames, `(B, T, N, C)`."""
        calibrated = self.attended(frames) * self.channel_weights(frames.mean(2)).unsqueeze(2)
        sequences = calibrated.movedim(1, 3).flatten(0, 1)  # (B·N, C, T)
        change = self.over_time(sequences).unflatten(0, (frames.shape[0], frames.shape[2])).movedim(3, 1)
        return frames + change

    def attended(self, frames: Tensor) -> Tensor:
        """Return the frames plus their values at positions where the two previous frames are similar."""
        query, key = self.query(earlier(frames, 1)), self.key(earlier(frames, 2))
        # Not torch's fused attention: that has no second derivative.
        affinity = (query @ key.mT / frames.shape[-1] ** 0.5).softmax(-1)
        found = affinity @ self.value(frames)
        return frames + self.norm(found.flatten(0, 2)).view_as(found)

    def channel_weights(self, means: Tensor) -> Tensor:
        """Return weights from 0 to 1 of the channels, `(B, T, C)`, from the frames' means."""
        near, far = means - earlier(means, 1), (means - earlier(means, 2)) / 2
        return (self.gate(near) + self.gate(far)) / 2


def earlier(frames: Tensor, steps: int) -> Tensor:
    """Return each frame's predecessor, `(B, T, ...)`; the first frames have the first."""
    return frames[:, (torch.arange(frames.shape[1], device=frames.device) - steps).clamp(min=0)]
