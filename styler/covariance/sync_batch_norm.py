"""Batch normalisation that decorrelates by the statistics of all processes together."""

import torch
from torch import Tensor, distributed, nn
from torch.autograd import Function

from styler.covariance.batch_norm import DecorrelatedBatchNorm
from styler.matrix_sqrt.precision import without_autocast


class SyncDecorrelatedBatchNorm(DecorrelatedBatchNorm):
    """`DecorrelatedBatchNorm` whose mean and covariance, while training, are those of all processes' batches.

    In place of `nn.SyncBatchNorm`; it runs on any device and backend. Batches may differ in size. Where
    `torch.distributed` is not initialised, or there is one process, it is the plain layer. `convert` replaces the
    plain layers of a model. Two sums over processes forward, of C and of C²/groups numbers, and two backward.

    Attributes:
        process_group: Processes that are normalised together; None for all.
    """

    process_group: distributed.ProcessGroup | None = None

    def moments(self, positions: Tensor) -> tuple[Tensor, Tensor, int]:
        """Return mean, covariance and number of the positions of all processes."""
        if not self.training or not self.has_others:
            return super().moments(positions)
        count = positions.new_tensor([positions.shape[-1]], dtype=torch.long)
        distributed.all_reduce(count, group=self.process_group)
        self.check_number(int(count))
        with without_autocast(positions):
            mean = self.summed(positions.sum(-1, keepdim=True)) / count.to(positions)
            centered = positions - mean
            return mean, self.summed(centered @ centered.mT) / count.to(positions), int(count)

    @property
    def has_others(self) -> bool:
        """Return whether there are other processes."""
        initialized = distributed.is_available() and distributed.is_initialized()
        return initialized and distributed.get_world_size(self.process_group) > 1

    def summed(self, x: Tensor) -> Tensor:
        """Return the sum over processes."""
        return SumOverProcesses.apply(x, self.process_group)

    @classmethod
    def convert(cls, module: nn.Module, *, process_group: distributed.ProcessGroup | None = None) -> nn.Module:
        """Return the module with every plain decorrelating layer in it replaced, its parameters and buffers kept."""
        if isinstance(module, DecorrelatedBatchNorm):
            synced = cls.__new__(cls)
            synced.__dict__ = module.__dict__.copy()
            synced.process_group = process_group
            return synced
        for name, child in module.named_children():
            setattr(module, name, cls.convert(child, process_group=process_group))
        return module


class SumOverProcesses(Function):
    """A sum over processes; the gradient of the sum of their losses is a sum again."""

    @staticmethod
    def forward(ctx, x, group):
        """Return the sum."""
        ctx.group = group
        total = x.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total, group=group)
        return total

    @staticmethod
    def backward(ctx, *grads):
        """Return the gradient of x."""
        return SumOverProcesses.apply(grads[0], ctx.group), None
