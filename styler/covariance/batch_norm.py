"""Batch normalisation that takes correlations out too."""

import torch
from torch import Tensor, nn

from styler.covariance.root_layer import RootLayer
from styler.covariance.statistics import covariance, grouped, in_full_precision, with_ridge
from styler.matrix_sqrt import Method, inv_sqrtm
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.iteration import Normalize
from styler.matrix_sqrt.precision import without_autocast


class DecorrelatedBatchNorm2d(RootLayer):
    """Features `(B, C, H, W)` with mean zero and identity covariance within groups of channels, then scaled.

    In place of `nn.BatchNorm2d`, whose arguments and buffers it has; `running_whitening`
    `(groups, C/groups, C/groups)` stands where `running_var` did. Like there, statistics are each replica's own
    under DistributedDataParallel, which copies the first one's buffers to all.

    While training, B·H·W should exceed 1.5 times the channels of a group. With fewer, `running_whitening` takes the
    batch's covariance with a ridge of its mean variance, for what does not vary in one batch may in the next, and
    evaluation whitens less than training does. Make groups smaller.

    Statistics stay in float32 or finer whatever the module is cast to.

    Args:
        num_features: C.
        groups: How many groups of channels are whitened, each by itself; must divide `num_features`.
        eps: Added to the covariance's diagonal, in squared activation units.
        momentum: Weight of the newest batch in the running statistics; None averages over all.
        affine: Whether to learn a scale and a shift for each channel.
        device: Of parameters and buffers.
        dtype: Of parameters and buffers.
        method: How the root is computed, see `RootChoice` for this and all that follow.
        backward: How its gradient is.
        degree: Of "mpa" and "mtp".
        max_iterations: Bound of an iterated method.
        normalize: What an iterated method divides by first.
        strict: Whether never to look at a value.

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
        method: Method = "auto",
        backward: Backward = "auto",
        degree: int | None = None,
        max_iterations: int | None = None,
        normalize: Normalize = "frobenius",
        strict: bool = False,
    ) -> None:
        super().__init__(
            eps=eps,
            method=method,
            backward=backward,
            degree=degree,
            max_iterations=max_iterations,
            normalize=normalize,
            strict=strict,
        )
        if groups < 1 or num_features % groups:
            raise ValueError(f"expected groups that divide num_features, got groups={groups} for {num_features}")
        self.num_features, self.groups, self.momentum, self.affine = num_features, groups, momentum, affine
        size = num_features // groups
        for name in ("weight", "bias"):
            new = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype)) if affine else None
            self.register_parameter(name, new)
        # In half precision a running mean stalls where a batch's share is less than its spacing.
        full = torch.promote_types(dtype or torch.get_default_dtype(), torch.float32)
        self.register_buffer("running_mean", torch.empty(num_features, device=device, dtype=full))
        self.register_buffer("running_whitening", torch.empty(groups, size, size, device=device, dtype=full))
        self.register_buffer("num_batches_tracked", torch.empty((), device=device, dtype=torch.long))
        self.reset_parameters()

    def _apply(self, fn, recurse=True):
        """Return the layer moved or cast, with its statistics in float32 or finer."""
        before = self.running_mean, self.running_whitening
        super()._apply(fn, recurse)
        for name, old in zip(("running_mean", "running_whitening"), before, strict=True):
            new = getattr(self, name)
            if new.dtype.itemsize < 4:
                setattr(self, name, old.to(new.device))
        return self

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
        white = white.unflatten(2, (x.shape[0], x.shape[2] * x.shape[3])).movedim(2, 0).reshape(x.shape)
        if self.weight is not None and self.bias is not None:
            white = white * self.weight[:, None, None] + self.bias[:, None, None]
        return white.to(x.dtype)

    def batch_statistics(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and whitening matrix of a batch, and add them to the running ones."""
        if positions.shape[-1] < 2:
            raise ValueError(f"expected x with more than one position in all while training, got {positions.shape[-1]}")
        mean = positions.mean(-1, keepdim=True)
        matrices = with_ridge(covariance(positions), self.eps)
        whitening = inv_sqrtm(matrices, check=False, **self.root)
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            share = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
            kept = inv_sqrtm(matrices, eps=1.0, check=False, **self.root) if are_few(positions) else whitening
            for running, new in ((self.running_mean, mean.flatten()), (self.running_whitening, kept)):
                running.add_((new - running) * share)
        return mean, whitening

    def running_statistics(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean `(groups, C/groups, 1)` and the whitening matrix of the batches seen."""
        return self.running_mean.to(positions).view(self.groups, -1, 1), self.running_whitening.to(positions)


def are_few(positions: Tensor) -> bool:
    """Return whether a batch's whitening matrix, without a ridge, is unfit for other batches.

    With fewer positions than channels C a batch does not vary in some directions, and batches that do would come out
    of evaluation up to 1/√eps times too large: 24 times at C/4 positions, 3 at C, 1.5 at 1.5·C. With a ridge of the
    mean variance it is 0.9 and 0.8.
    """
    return 2 * positions.shape[-1] < 3 * positions.shape[-2]
