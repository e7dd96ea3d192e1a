"""A loss network small enough for tests, in place of a VGG-19."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from samples import TINY

from styler.model.encoder import Encoder
from styler.transfer.loss_network import LossNetwork
from styler.transfer.style_file import fingerprint


def tiny_network(seed: int = 3) -> LossNetwork:
    torch.manual_seed(seed)
    encoder = Encoder(TINY).requires_grad_(False)
    return LossNetwork(encoder, "tiny", fingerprint(encoder))


def vgg_file(path: Path) -> Path:
    """Write random weights with VGG-19's shapes."""
    torch.manual_seed(3)
    save_file({key.removeprefix("convs."): value.half() for key, value in Encoder().state_dict().items()}, path)
    return path
