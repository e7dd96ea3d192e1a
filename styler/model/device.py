"""Where and in which precision the networks run."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

import torch

from styler.errors import StylerError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def find_device(name: str | torch.device = "auto") -> torch.device:
    """Return the device called "cpu", "cuda", "cuda:N" or "mps"; "auto" takes the fastest one at hand.

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
    """Return a precision, by name or itself; "auto" takes the half precision that `device` computes natively.

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
    """Return float16 on GPUs, bfloat16 on processors with instructions for it, else float32.

    Emulated bfloat16 is slower than float32, so a processor has to say that it has AVX512_BF16 or AMX.
    """
    if device.type in ("cuda", "mps"):
        return torch.float16
    flags = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return torch.bfloat16 if flags.get("avx512_bf16") or flags.get("amx_bf16") else torch.float32


class _TensorFloat32:
    """How many blocks of `exact_float32` are open, in all threads, and what was set before the first."""

    lock, blocks, usual = Lock(), 0, "none"


@contextmanager
def exact_float32(device: torch.device) -> Generator[None]:
    """Compute convolutions in float32 on CUDA as such inside the block: by default cuDNN rounds to TF32's 10 bits.

    The setting is the process's: it is restored when the last of all threads has left such a block.
    """
    if device.type != "cuda":
        yield
        return
    state, conv = _TensorFloat32, torch.backends.cudnn.conv  # ty: ignore[missing-attribute]
    with state.lock:
        if not state.blocks:
            state.usual, conv.fp32_precision = conv.fp32_precision, "ieee"
        state.blocks += 1
    try:
        yield
    finally:
        with state.lock:
            state.blocks -= 1
            if not state.blocks:
                conv.fp32_precision = state.usual
