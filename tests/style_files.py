"""The bytes of style files, right and wrong."""

import torch
from safetensors.torch import save

from styler.transfer.moments import Moments
from styler.transfer.style_file import FORMAT

SOURCES = [{"name": "night.jpg", "sha256": "0" * 64}]


def tensors_of(style) -> dict[str, torch.Tensor]:
    return {
        f"{level}.{part}": getattr(style[level], part).clone() for level in style.moments for part in Moments._fields
    }


def style_bytes(style, *, sources: str = "[]", encoder: str = "x", **changed: torch.Tensor) -> bytes:
    tensors = tensors_of(style) | {name.replace("__", "."): tensor for name, tensor in changed.items()}
    return save(tensors, {"format": FORMAT, "encoder": encoder, "sources": sources})
