"""Device and precision of the networks."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

import torch

from styler.errors import StylerError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def find_device(name: str | torch.device = "auto") -> torch.device:
    """Return the device "cpu", "cuda", "cuda:N" or "mps"; "auto" is the fastest one on this machine.

    Raises:
        StylerError: If this machine has no such device.
    """
    if name == "auto":
        return torch.device(next((kind for kind in ("cuda", "mps") if _count(kind)), "cpu"))
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or (device.index or 0) >= _count(device.type):
        raise StylerError(f"no device {str(name)!r} on this machine", "choose device auto, cpu, cuda, cuda:N or mps")
    return device


def _count(kind: str) -> int:
    if kind == "cuda":
        return torch.cuda.device_count()
    return int(kind == "cpu" or (kind == "mps" and torch.backends.mps.is_available()))


def find_dtype(name: str | torch.dtype, device: torch.device) -> torch.dtype:
    """Return a precision, by name or dtype; "auto" is the half precision that `device` computes natively, or float32.

    Raises:
        StylerError: If there is no such precision.
    """
    if name == "auto":
        return auto_dtype(device)
    dtype = DTYPES.get(name) if isinstance(name, str) else name
    if dtype is None or dtype not in DTYPES.values():
        raise StylerError(f"no precision {str(name)!r}", f"choose dtype auto, {', '.join(DTYPES)}")
    return dtype


def auto_dtype(device: torch.device) -> torch.dtype:
    """Return float16 on GPUs, bfloat16 on processors with AVX512_BF16 or AMX, else float32.

    Emulated bfloat16 is slower than float32.
    """
    if device.type in ("cuda", "mps"):
        return torch.float16
    flags = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return torch.bfloat16 if flags.get("avx512_bf16") or flags.get("amx_bf16") else torch.float32


class _TensorFloat32:
    """Number of open `exact_float32` blocks in all threads, and the setting before the first."""

    lock, blocks, previous = Lock(), 0, "none"


@contextmanager
def exact_float32(device: torch.device) -> Generator[None]:
    """Use full float32 precision for convolutions on CUDA inside the block; by default cuDNN rounds to TF32 (10 bits).

    The setting applies to the process, and is restored when the last thread leaves such a block.
    """
    if device.type != "cuda":
        yield
        return
    state, conv = _TensorFloat32, torch.backends.cudnn.conv  # ty: ignore[missing-attribute]
    with state.lock:
        if not state.blocks:
            state.previous, conv.fp32_precision = conv.fp32_precision, "ieee"
        state.blocks += 1
    try:
        yield
    finally:
        with state.lock:
            state.blocks -= 1
            if not state.blocks:
                conv.fp32_precision = state.previous
