"""Batch normalisation that takes correlations out too."""

from typing import Unpack

import torch
from torch import Tensor, nn

from styler.covariance.root_layer import RootChoice, RootLayer
from styler.covariance.statistics import covariance, grouped, in_full_precision, with_ridge
from styler.matrix_sqrt import inv_sqrtm
from styler.matrix_sqrt.precision import without_autocast


class DecorrelatedBatchNorm2d(RootLayer):
    """Features `(B, C, H, W)` with mean zero and identity covariance within groups of channels, then scaled.

    In place of `nn.BatchNorm2d`, whose arguments and buffers it has; `running_whitening`
    `(groups, C/groups, C/groups)` stands where `running_var` did. Like there, statistics are each replica's own
    under DistributedDataParallel, which copies the first one's buffers to all.

    While training, B·H·W should well exceed the channels of a group: what does not vary in a batch comes out
    as zero, but its direction enters `running_whitening` at 1/√eps. Make groups smaller, or eps larger.

    Args:
        num_features: C, the channels.
        groups: How many groups of channels are whitened, each by itself; must divide `num_features`.
        eps: Added to the covariance's diagonal, in squared activation units.
        momentum: Weight of the newest batch in the running statistics; None averages over all.
        affine: Whether to learn a scale and a shift for each channel.
        device: Of parameters and buffers.
        dtype: Of parameters and buffers.
        **root: See `RootChoice`.

    Reference:
        Huang et al., Decorrelated Batch Normalization (2018), sec. 3, ZCA whitening. arXiv:1804.08450
        Song, Sebe, Wang, Fast Differentiable Matrix Square Root and Inverse Square Root (2022), sec. 5.
        arXiv:2201.12543
    """

    shown = ("num_features", "groups", "eps", "momentum", "affine")
    weight: nn.Parameter | None
    bias: nn.Parameter | None
    running_mean: Tensor
    running_whitening: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self,
        num_features: int,
        *,
        groups: int = 1,
        eps: float = 1e-3,
        momentum: float | None = 0.1,
        affine: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **root: Unpack[RootChoice],
    ) -> None:
        super().__init__(eps=eps, **root)
        if groups < 1 or num_features % groups:
            raise ValueError(f"expected groups that divide num_features, got groups={groups} for {num_features}")
        self.num_features, self.groups, self.momentum, self.affine = num_features, groups, momentum, affine
        size = num_features // groups
        for name in ("weight", "bias"):
            new = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype)) if affine else None
            self.register_parameter(name, new)
        self.register_buffer("running_mean", torch.empty(num_features, device=device, dtype=dtype))
        self.register_buffer("running_whitening", torch.empty(groups, size, size, device=device, dtype=dtype))
        self.register_buffer("num_batches_tracked", torch.empty((), device=device, dtype=torch.long))
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen: mean zero, no whitening."""
        self.num_batches_tracked.zero_()
        self.running_mean.zero_()
        size = self.num_features // self.groups
        self.running_whitening.copy_(torch.eye(size, device=self.running_whitening.device))

    def reset_parameters(self) -> None:
        """Forget the batches seen and what was learnt."""
        self.reset_running_stats()
        if self.weight is not None and self.bias is not None:
            nn.init.ones_(self.weight)
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the whitened features, `(B, C, H, W)`, in their own dtype.

        Raises:
            ValueError: If x is not `(B, num_features, H, W)`, or has one position in all while training.
        """
        if x.ndim != 4 or x.shape[1] != self.num_features:
            raise ValueError(f"expected x of shape (B, {self.num_features}, H, W), got {tuple(x.shape)}")
        # (groups, C/groups, B·H·W): one matrix a group
        positions = grouped(in_full_precision(x), self.groups).movedim(0, 2).flatten(2)
        mean, whitening = self.batch_statistics(positions) if self.training else self.running_statistics(positions)
        with without_autocast(x):
            white = whitening @ (positions - mean)
        white = white.unflatten(2, (x.shape[0], -1)).movedim(2, 0).reshape(x.shape)
        if self.weight is not None and self.bias is not None:
            white = white * self.weight[:, None, None] + self.bias[:, None, None]
        return white.to(x.dtype)

    def batch_statistics(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and whitening matrix of a batch, and add them to the running ones."""
        if positions.shape[-1] < 2:
            raise ValueError(f"expected x with more than one position in all while training, got {positions.shape[-1]}")
        mean = positions.mean(-1, keepdim=True)
        whitening = inv_sqrtm(with_ridge(covariance(positions), self.eps), check=False, **self.root)
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            share = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
            for running, new in ((self.running_mean, mean.flatten()), (self.running_whitening, whitening)):
                running.add_((new - running) * share)
        return mean, whitening

    def running_statistics(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean `(groups, C/groups, 1)` and the whitening matrix of the batches seen."""
        return self.running_mean.to(positions).view(self.groups, -1, 1), self.running_whitening.to(positions)
