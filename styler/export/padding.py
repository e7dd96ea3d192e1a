"""Padding and cropping as in `styler.transfer.tiling`, for sizes that are known only when a graph runs."""

import torch
from torch import Tensor

from styler.transfer.tiling import MULTIPLE, SMALLEST


def padded(images: Tensor) -> Tensor:
    """Return the pictures reflected to the right and downwards up to multiples of eight, at least two of them."""
    for axis in (-2, -1):
        images = images.index_select(axis, reflected(images.shape[axis]))
    return images


def reflected(size: int) -> Tensor:
    """Return which of `size` pixels stands at each place of a padded row."""
    # The factor stands outside, so that the sizes of all levels follow from it.
    length = MULTIPLE * torch.sym_max(SMALLEST // MULTIPLE, (size + MULTIPLE - 1) // MULTIPLE)
    # As a tensor: the remainder of a symbolic divisor cannot be exported.
    period = torch.full((1,), torch.sym_max(1, 2 * (size - 1)), dtype=torch.int64)
    index = torch.remainder(torch.arange(length), period)
    return torch.minimum(index, period - index)


def cropped(images: Tensor, like: Tensor) -> Tensor:
    """Return the pictures cut to the size of others, by indices: a slice would need a proof that they are larger."""
    rows, columns = (torch.arange(size) for size in like.shape[-2:])
    return images.index_select(-2, rows).index_select(-1, columns)


def filled(images: Tensor, multiple: int) -> Tensor:
    """Return the pictures with zeros to the right and downwards up to multiples of a number, at least two of them."""
    for axis in (-2, -1):
        size = images.shape[axis]
        index = torch.arange(multiple * torch.sym_max(2, (size + multiple - 1) // multiple))
        inside = (index < size).to(images.dtype)
        images = images.index_select(axis, index.clamp(max=size - 1)) * (inside[:, None] if axis == -2 else inside)
    return images
