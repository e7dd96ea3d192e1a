"""Tensors in files that are written whole or not at all, since other processes may be reading them."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from styler.files import atomic_file


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write named tensors in the format of safetensors.

    Raises:
        StylerError: If the file can't be written.
    """
    with atomic_file(path, overwrite=True) as file:
        file.write(save(dict(tensors)))
