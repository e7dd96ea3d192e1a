"""Checks of the arguments of public functions."""

import torch
from torch import Tensor

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128)


def check_tensor(a: Tensor, *, name: str) -> None:
    """Raise unless `a` is a tensor, as NumPy arrays and lists are not."""
    if not isinstance(a, Tensor):
        raise ValueError(f"expected {name} as a torch.Tensor, got {type(a).__name__}")


def check_matrix(a: Tensor, *, name: str = "a") -> None:
    """Raise unless `a` is a batch of square matrices in a dtype that has roots."""
    check_tensor(a, name=name)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"expected {name} of shape (..., n, n), got {tuple(a.shape)}")
    if a.dtype not in DTYPES:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in DTYPES)
        raise ValueError(f"expected {name} of a floating dtype, got {a.dtype}: those with roots are {names}")
