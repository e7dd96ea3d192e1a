"""The working precision of the roots, independent of autocast and TF32 settings."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor

Function = TypeVar("Function", bound=Callable)


CUDA, CPU = torch.backends.cuda.matmul, torch.backends.mkldnn.matmul  # ty: ignore[missing-attribute]
ROUNDED = ("tf32", "bf16")


def constant_when_compiled(function: Function) -> Function:
    """Mark a function whose result the compiler may keep instead of tracing it.

    What torch.compiler.assume_constant_result does, without importing the compiler: 2.5 s and 150 MiB.
    """
    setattr(function, "_dynamo_marked_constant", True)  # noqa: B010
    return function


def in_working_precision(a: Tensor) -> Tensor:
    """Return `a` in single or double precision.

    Half precision goes to single. Single goes to double where matrix products of single precision are set
    to be rounded (TF32, bfloat16), since a root amplifies that rounding, and a library must not change global settings.
    """
    single = a.to(torch.float32) if a.dtype in (torch.float16, torch.bfloat16) else a
    if single.dtype not in (torch.float32, torch.complex64) or not products_are_rounded():
        return single
    return single.to(torch.complex128 if single.is_complex() else torch.float64)


@constant_when_compiled
def products_are_rounded() -> bool:
    """Return whether float32 matrix products are set to a lower precision anywhere."""
    return CUDA.fp32_precision in ROUNDED or CPU.fp32_precision in ROUNDED


def without_autocast(a: Tensor) -> AbstractContextManager:
    """Return a context in which products of tensors like `a` keep their precision."""
    if a.is_meta or not torch.is_autocast_enabled(a.device.type):
        return nullcontext()
    return torch.autocast(a.device.type, enabled=False)
