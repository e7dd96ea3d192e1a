"""The network of the refinement's loss: a full VGG-19, which the user names."""

from pathlib import Path
from typing import NamedTuple

import torch

from styler.model.encoder import Encoder
from styler.model.teacher import load_teacher
from styler.model.weights import Model
from styler.transfer.style_file import fingerprint


class LossNetwork(NamedTuple):
    """An encoder on its device, and the identifier of its weights, see `Style.fingerprint`."""

    encoder: Encoder
    name: str
    fingerprint: str

    @property
    def model(self) -> Model:
        """The encoder as a model without decoders."""
        return Model(self.encoder, name=self.name)


def load_loss_network(
    source: str | Path, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> LossNetwork:
    """Return "vgg19" (torchvision's, downloaded once) or the VGG-19 in a safetensors file, see `load_teacher`.

    Raises:
        StylerError: If it can't be read or its shapes are not those of VGG-19.
    """
    encoder = load_teacher(str(source))
    found = LossNetwork(encoder, Path(source).stem, fingerprint(encoder))
    found.model.to(torch.device(device), dtype)
    return found
