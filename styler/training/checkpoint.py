"""Checkpoints as safetensors: everything a training needs to resume with identical results."""

import json
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save
from torch import nn
from torch.optim import Optimizer

from styler.errors import StylerError
from styler.files import atomic_file
from styler.model.weights import read_tensors
from styler.training.settings import Settings


def save_checkpoint(
    path: Path, trained: nn.Module, optimizer: Optimizer, settings: Settings, *, step: int, seconds: float
) -> None:
    """Write a checkpoint, atomically.

    Raises:
        StylerError: If it can't be written.
    """
    tensors = {f"trained/{name}": tensor.contiguous() for name, tensor in trained.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{name}": tensor.contiguous() for name, tensor in state.items()}
    metadata = {"settings": json.dumps(asdict(settings)), "step": str(step), "seconds": str(seconds)}
    with atomic_file(path, overwrite=True) as file:
        file.write(save(tensors, metadata))


def load_checkpoint(path: Path, trained: nn.Module, optimizer: Optimizer, settings: Settings) -> tuple[int, float]:
    """Load a checkpoint into network and optimizer, in place; return the completed steps and their seconds.

    Raises:
        StylerError: If it is missing, damaged, or of other settings or another network.
    """
    if not path.is_file():
        raise StylerError(f"nothing to resume: no checkpoint {path}", "remove --resume to start a new training")
    tensors, metadata = read_tensors(path)
    saved = json.loads(metadata.get("settings", "{}"))
    if saved != asdict(settings):
        listed = ", ".join(f"{name} {value}" for name, value in saved.items())
        raise StylerError(f"{path} was made with other settings: {listed}", "use the same ones, or remove --resume")
    weights = _part(tensors, "trained/")
    if {name: x.shape for name, x in weights.items()} != {name: x.shape for name, x in trained.state_dict().items()}:
        raise StylerError(
            f"{path} is a checkpoint of another network", "use the same --size and --level, or remove --resume"
        )
    trained.load_state_dict(weights)
    groups = optimizer.state_dict()["param_groups"]
    indices = [index for group in groups for index in group["params"]]
    state = {index: _part(tensors, f"optimizer/{index}/") for index in indices}
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return int(metadata["step"]), float(metadata["seconds"])


def _part(tensors: dict, prefix: str) -> dict:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
