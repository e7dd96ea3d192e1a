"""Pictures with something in them, and the widths of a tiny model."""

from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

TINY = (4, 6, 8, 10)


def picture(height: int = 48, width: int = 64, *, seed: int = 0) -> Tensor:
    """Return an image `(1, 3, height, width)` of smooth colours, an edge and grain."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 4, 4, generator=generator)
    image = nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1) * 0.8
    image[..., width // 2 :] *= 0.6
    return (image + 0.1 * torch.rand(1, 3, height, width, generator=generator)).clamp(0, 1)


def thread_pool(count: int, **_: object) -> ThreadPoolExecutor:
    """Return a pool for a benchmark that measures in new processes, where starting one would prove nothing more."""
    return ThreadPoolExecutor(count)
