"""Batch normalisation that also removes correlations between channels."""

import math

import torch
from torch import Tensor, nn

from styler.choices import Method
from styler.covariance.root_layer import RootLayer
from styler.covariance.statistics import covariance, grouped, in_full_precision, with_ridge
from styler.matrix_sqrt import inv_sqrtm
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.iteration import Normalize
from styler.matrix_sqrt.precision import without_autocast


class DecorrelatedBatchNorm(RootLayer):
    """Features `(B, C, ...)` with mean zero and identity covariance within groups of channels, then scaled.

    `DecorrelatedBatchNorm1d`, `2d` and `3d` are for the same inputs as `nn.BatchNorm1d`, `2d` and `3d`, and have
    their arguments and buffers; `running_whitening`
    `(groups, C/groups, C/groups)` stands where `running_var` did. Like there, statistics are each replica's own
    under DistributedDataParallel, which copies the first one's buffers to all; `SyncDecorrelatedBatchNorm` has those
    of all replicas together.

    While training, positions in all, B·H·W, should exceed 1.5 times the channels of a group. With fewer,
    `running_whitening` takes the batch's covariance with a ridge of its mean variance, for what does not vary in one
    batch may in the next, and evaluation whitens less than training does. Make groups smaller.

    Statistics stay in float32 or finer whatever the module is cast to.

    Args:
        num_features: C, the channels.
        groups: How many groups of channels are whitened, each by itself; must divide `num_features`.
        eps: Added to the covariance's diagonal, in squared activation units.
        momentum: Weight of the newest batch in the running statistics; None averages over all.
        affine: Whether to learn a scale and a shift for each channel.
        track_running_stats: Whether to keep running statistics; else evaluation whitens each batch by its own.
        device: Of parameters and buffers.
        dtype: Of parameters and buffers.
        method: How the root is computed, see `RootChoice` for this and all that follow.
        backward: How its gradient is.
        degree: Of "mpa" and "mtp".
        max_iterations: Bound of an iterated method.
        normalize: Norm that an iterated method divides by first.
        strict: Whether never to look at a value.

    Reference:
        Huang et al., Decorrelated Batch Normalization (2018), sec. 3, ZCA whitening. arXiv:1804.08450
        Song, Sebe, Wang, Fast Differentiable Matrix Square Root and Inverse Square Root (2022), sec. 5.
        arXiv:2201.12543
    """

    shown = ("num_features", "groups", "eps", "momentum", "affine", "track_running_stats")
    num_axes: tuple[int, ...] = (2, 3, 4, 5)
    """How many axes the features may have."""
    weight: nn.Parameter | None
    bias: nn.Parameter | None
    running_mean: Tensor | None
    running_whitening: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        *,
        groups: int = 1,
        eps: float = 1e-3,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
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
        self.track_running_stats = track_running_stats
        size = num_features // groups
        for name in ("weight", "bias"):
            new = nn.Parameter(torch.empty(num_features, device=device, dtype=dtype)) if affine else None
            self.register_parameter(name, new)
        # In half precision a running mean stalls where a batch's share is less than its spacing.
        full = torch.promote_types(dtype or torch.get_default_dtype(), torch.float32)
        for name, shape, kind in (
            ("running_mean", (num_features,), full),
            ("running_whitening", (groups, size, size), full),
            ("num_batches_tracked", (), torch.long),
        ):
            buffer = torch.empty(shape, device=device, dtype=kind) if track_running_stats else None
            self.register_buffer(name, buffer)
        self.reset_parameters()

    def _apply(self, fn, recurse=True):
        """Return the layer moved or cast, with its statistics in float32 or finer."""
        before = self.running_mean, self.running_whitening
        super()._apply(fn, recurse)
        for name, old in zip(("running_mean", "running_whitening"), before, strict=True):
            new = getattr(self, name)
            if new is not None and old is not None and new.dtype.itemsize < 4:
                setattr(self, name, old.to(new.device))
        return self

    def reset_running_stats(self) -> None:
        """Reset the running statistics: mean zero, no whitening."""
        if self.num_batches_tracked is None or self.running_mean is None or self.running_whitening is None:
            return
        self.num_batches_tracked.zero_()
        self.running_mean.zero_()
        size = self.num_features // self.groups
        self.running_whitening.copy_(torch.eye(size, device=self.running_whitening.device))

    def reset_parameters(self) -> None:
        """Reset running statistics and learned parameters."""
        self.reset_running_stats()
        if self.weight is not None and self.bias is not None:
            nn.init.ones_(self.weight)
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the whitened features, shaped as x, in their own dtype.

        Raises:
            ValueError: If x has another number of axes or of channels, or one position in all while training.
        """
        if x.ndim not in self.num_axes or x.shape[1] != self.num_features:
            axes = " or ".join(str(number) for number in self.num_axes)
            expected = f"expected x of shape (B, {self.num_features}, ...) with {axes} axes"
            raise ValueError(f"{expected}, got {tuple(x.shape)}")
        # (groups, C/groups, B·H·W): one matrix a group
        positions = grouped(in_full_precision(x)[..., None].flatten(2)[..., None], self.groups)
        positions = positions.movedim(0, 2).flatten(2)
        mean, whitening = self.statistics(positions)
        with without_autocast(x):
            white = whitening @ (positions - mean)
        white = white.unflatten(2, (x.shape[0], math.prod(x.shape[2:]))).movedim(2, 0).flatten(1, 2)
        if self.weight is not None and self.bias is not None:
            white = white * self.weight[:, None] + self.bias[:, None]
        return white.reshape(x.shape).to(x.dtype)

    def statistics(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean `(groups, C/groups, 1)` and the whitening matrix to use."""
        if self.training or self.running_mean is None or self.running_whitening is None:
            return self.batch_statistics(positions)
        return self.running_mean.to(positions).view(self.groups, -1, 1), self.running_whitening.to(positions)

    def batch_statistics(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and whitening matrix of a batch, and add them to the running ones while training."""
        mean, found, number = self.moments(positions)
        matrices = with_ridge(found, self.eps)
        whitening = inv_sqrtm(matrices, check=False, **self.root)
        if self.num_batches_tracked is not None and self.training:
            with torch.no_grad():
                few = are_few(number, positions.shape[-2])
                self.track(mean, inv_sqrtm(matrices, eps=1.0, check=False, **self.root) if few else whitening)
        return mean, whitening

    def moments(self, positions: Tensor) -> tuple[Tensor, Tensor, int]:
        """Return mean `(groups, C/groups, 1)`, covariance and number of positions `(groups, C/groups, N)`."""
        number = positions.shape[-1]
        self.check_number(number)
        return positions.mean(-1, keepdim=True), covariance(positions), number

    def check_number(self, number: int) -> None:
        """Raise if there are fewer than two positions to estimate a covariance from."""
        if number < 2:
            when = "while training" if self.training else "without running statistics"
            raise ValueError(f"expected x with more than one position in all {when}, got {number}")

    @torch.no_grad()
    def track(self, mean: Tensor, whitening: Tensor) -> None:
        """Add the statistics of a batch to the running ones."""
        if self.num_batches_tracked is None or self.running_mean is None or self.running_whitening is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / self.num_batches_tracked if self.momentum is None else self.momentum
        for running, new in ((self.running_mean, mean.flatten()), (self.running_whitening, whitening)):
            running.add_((new - running) * share)


class DecorrelatedBatchNorm1d(DecorrelatedBatchNorm):
    """`DecorrelatedBatchNorm` of features `(B, C)` or `(B, C, L)`."""

    num_axes = (2, 3)


class DecorrelatedBatchNorm2d(DecorrelatedBatchNorm):
    """`DecorrelatedBatchNorm` of features `(B, C, H, W)`."""

    num_axes = (4,)


class DecorrelatedBatchNorm3d(DecorrelatedBatchNorm):
    """`DecorrelatedBatchNorm` of features `(B, C, T, H, W)`."""

    num_axes = (5,)


def are_few(number: int, channels: int) -> bool:
    """Return whether a batch has too few positions for its whitening matrix to suit other batches.

    With fewer positions than channels C a batch does not vary in some directions, and batches that do would come out
    of evaluation up to 1/√eps times too large: 24 times at C/4 positions, 3 at C, 1.5 at 1.5·C. With a ridge of the
    mean variance it is 0.9 and 0.8.
    """
    return 2 * number < 3 * channels
