"""Model files: one safetensors file with an encoder and its decoders."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from styler.choices import LEVELS, Level
from styler.errors import StylerError
from styler.files import atomic_file
from styler.model.catalog import ANTIALIASED, FORMAT, architecture, check_format, find_model, unreadable
from styler.model.decoder import Decoder
from styler.model.encoder import Encoder, convolutions


@dataclass
class Model:
    """An encoder and the decoders trained for its levels."""

    encoder: Encoder
    decoders: dict[Level, Decoder] = field(default_factory=dict)
    name: str = "unnamed"
    path: Path | None = None

    def modules(self) -> nn.ModuleDict:
        """Return the networks as one module, named as in the model file."""
        return nn.ModuleDict({"encoder": self.encoder, "decoder": nn.ModuleDict(dict(self.decoders))})

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels with a decoder, from coarse to fine: those of its cascade."""
        return tuple(level for level in LEVELS if level in self.decoders)

    @property
    def antialiased(self) -> bool:
        """Whether the networks halve and double the resolution without aliasing; can be set."""
        return self.encoder.antialiased

    @antialiased.setter
    def antialiased(self, value: bool) -> None:
        for network in (self.encoder, *self.decoders.values()):
            network.antialiased = value

    @property
    def device(self) -> torch.device:
        """Device of the networks."""
        return convolutions(self.encoder)[0].weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the networks, except at the layers that read or write pixels; see `to`."""
        return convolutions(self.encoder)[-1].weight.dtype

    def copy(self) -> "Model":
        """Return a copy of the model, in float32 on the processor."""
        other = new_model(self.encoder.widths, self.decoders, antialiased=self.antialiased)
        other.name, other.path = self.name, self.path
        other.modules().load_state_dict({name: x.cpu().float() for name, x in self.modules().state_dict().items()})
        other.modules().requires_grad_(False).eval()
        return other

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> Self:
        """Move the networks, in place, in channels-last format, which is the fastest for convolutions.

        Images between the networks stay in float32: in bfloat16 they would have 8 bits, and their rounding, amplified
        from level to level, causes half of the difference to float32.
        """
        for network in (self.encoder, *self.decoders.values()):
            for conv in convolutions(network):
                reads_pixels, writes_pixels = conv.in_channels == 3, conv.out_channels == 3
                conv.to(device, torch.float32 if reads_pixels else dtype).to(memory_format=torch.channels_last)
                outside = dtype if reads_pixels else torch.float32 if writes_pixels else None
                conv.out_dtype = None if dtype == torch.float32 else outside
        return self


def new_model(widths: tuple[int, ...], levels: Iterable[Level], *, antialiased: bool = False) -> Model:
    """Return an untrained model with decoders for `levels`."""
    decoders = {level: Decoder(level, widths, antialiased=antialiased) for level in levels}
    return Model(Encoder(widths, antialiased=antialiased), decoders)


def load_model(model: str | Path = "auto") -> Model:
    """Return a model by name or path, in float32 on the processor; "auto" is the default model for processors.

    Raises:
        StylerError: If it can't be found, or is not a complete styler model.
    """
    path = find_model(model)
    tensors, metadata = read_tensors(path)
    check_format(path, metadata)
    widths, levels = architecture({key: tensor.shape for key, tensor in tensors.items()})
    with torch.device("meta"):  # wrong shapes in a broken file allocate no memory
        loaded = new_model(widths, levels, antialiased=metadata.get("resampling") == ANTIALIASED)
    loaded.name, loaded.path = path.stem, path
    load_weights(loaded.modules(), tensors, path)
    return loaded


def save_model(model: Model, path: Path) -> None:
    """Write a model in half precision, atomically.

    Raises:
        StylerError: If the file can't be written.
    """
    tensors = {key: tensor.half().contiguous() for key, tensor in model.modules().state_dict().items()}
    with atomic_file(path, overwrite=True) as file:
        file.write(save(tensors, {"format": FORMAT} | ({"resampling": ANTIALIASED} if model.antialiased else {})))


def load_weights(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load `tensors` into `module` as float32, in place.

    Raises:
        StylerError: If names or shapes differ from the module's, or a tensor is not floating point.
    """
    expected = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in tensors.items()}
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key) != found.get(key):
            wrong = f"{path}: expected {key} of shape {expected.get(key)}, got {found.get(key)}"
            raise StylerError(wrong, "the file is damaged or for another network; get it again")
        if not tensors[key].is_floating_point():
            raise StylerError(f"{path}: expected floats in {key}, got {tensors[key].dtype}", "get the file again")
    module.load_state_dict({key: tensor.float() for key, tensor in tensors.items()}, assign=True)
    module.requires_grad_(False).eval()


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file.

    Raises:
        StylerError: If it can't be read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise StylerError(f"no such file: {path}", "check the path") from None
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from error


def downloaded_weights(url: str) -> dict[str, Tensor]:
    """Return the tensors of a .pth file downloaded from `url` and kept in torch.hub's cache.

    The file name ends with the first digits of its SHA-256, as torchvision's do; they are checked.

    Raises:
        StylerError: If it can't be downloaded or its hash is wrong.
    """
    try:
        return torch.hub.load_state_dict_from_url(url, map_location="cpu", check_hash=True, progress=False)
    except (OSError, RuntimeError) as error:  # URLError is an OSError, a wrong hash a RuntimeError
        todo = f"check the network, or delete {torch.hub.get_dir()}/checkpoints/{Path(url).name}"
        raise StylerError(f"can't download {url}: {error}", todo) from error
