"""Arrays and tensors of Python programs as samples. Images are `(B, 3, H, W)`, alpha `(1, 1, H, W)`."""

import numpy as np
import torch
from torch import Tensor

from styler.images.pixels import quantized, tensor_of_array

OVERSHOOT = 0.25
"""How far floats may leave [0, 1]: torch's bicubic resizing overshoots a hard corner by 0.23."""


def tensor_samples(source: Tensor) -> Tensor:
    """Return a tensor `(3, H, W)` or `(B, 3, H, W)` as samples: floats as float32, clamped, integers as they are.

    Raises:
        ValueError: If it has another shape, type or range, or requires a gradient.
    """
    shape, dtype = tuple(source.shape), source.dtype
    if len(shape) not in (3, 4) or shape[-3] != 3 or 0 in shape:
        raise ValueError(f"expected a tensor (3, H, W) or (B, 3, H, W), got {shape}")
    if dtype not in (torch.uint8, torch.uint16) and not dtype.is_floating_point:
        raise ValueError(f"expected a tensor of uint8, uint16 or floats in [0, 1], got {dtype}")
    if source.requires_grad and torch.is_grad_enabled():
        hint = "detach it, or call styler.transfer.cascade.cascade, which has gradients"
        raise ValueError(f"expected a tensor without gradient, got requires_grad=True: {hint}")
    samples = in_range(source.detach().float()) if dtype.is_floating_point else source
    return samples.reshape(-1, *shape[-3:])


def array_samples(source: np.ndarray) -> tuple[Tensor, Tensor | None]:
    """Return the samples and the alpha of an array `(H, W)` or `(H, W, C)`, C = 1, 3, or 2 and 4 with alpha.

    Raises:
        ValueError: If it has another shape, type or range.
    """
    shape, dtype = source.shape, source.dtype
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or channels not in (1, 2, 3, 4) or 0 in shape:
        raise ValueError(f"expected an array (H, W) or (H, W, C) with C of 1 to 4, got {shape}")
    if dtype.newbyteorder("=") not in (np.uint8, np.uint16) and dtype.kind != "f":
        raise ValueError(f"expected an array of uint8, uint16 or floats in [0, 1], got {dtype}")
    values = in_range(tensor_of_array(source.reshape(*shape[:2], channels)))[None]
    if dtype.kind == "u":  # as the file of such a picture has them
        values = quantized(values, torch.uint8 if dtype.itemsize == 1 else torch.uint16)
    colors = values[:, : 3 if channels > 2 else 1].expand(-1, 3, -1, -1)
    return colors.contiguous(), values[:, -1:] if channels in (2, 4) else None


def in_range(image: Tensor) -> Tensor:
    """Return floats clamped to [0, 1]; a ValueError if they are far off it, or not numbers."""
    low, high = torch.aminmax(image)
    if not (low >= -OVERSHOOT and high <= 1 + OVERSHOOT):  # this way round, NaN is refused too
        raise ValueError(f"expected floats in [0, 1], got {low.item():g} to {high.item():g}")
    return image.clamp(0, 1)
