"""Pictures with something in them, and the widths of a tiny model."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from styler.model.decoder import Decoder
from styler.model.encoder import convolutions
from styler.model.vgg import WIDTHS

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


def save_painter(path: Path) -> None:
    """Write an untrained decoder of relu4_1, of full width, named as AdaIN's."""
    blocks = [(4, 1), (3, 1), (3, 2), (3, 3), (3, 4), (2, 1), (2, 2), (1, 1), (1, 2)]
    tensors = {}
    for (block, number), conv in zip(blocks, convolutions(Decoder("relu4_1", WIDTHS)), strict=True):
        nn.init.kaiming_normal_(conv.weight)
        found = {"weight": conv.weight.data.half(), "bias": torch.zeros(conv.out_channels)}
        tensors |= {f"block{block}_conv{number}_decode.{part}": x for part, x in found.items()}
    save_file(tensors, path)
