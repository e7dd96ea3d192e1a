"""Judges: networks that look at pictures. Images are RGB floats in [0, 1], `(1, 3, H, W)`."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import is_zipfile

import torch
from torch import Tensor

from styler.choices import LEVELS
from styler.errors import StylerError
from styler.model.catalog import is_file
from styler.training.teacher import load_teacher

PROGRAM = ".pt2"


@dataclass(frozen=True)
class Judge:
    """A network by name; `features` gives its maps of a picture, `(1, C, h, w)` each, from fine to coarse."""

    name: str
    features: Callable[[Tensor], Sequence[Tensor]]


def load_judge(source: str) -> Judge:
    """Return the judge `vgg19` (torchvision's, downloaded once), or the one in a file.

    A .safetensors file holds a VGG-19, as for `styler train encoder --teacher`: it judges by relu1_1 to relu4_1.
    A .pt2 file is any network that `torch.export.save` wrote, from a picture to a list of maps, fine to coarse.

    Raises:
        StylerError: If it can't be had.
    """
    if Path(source).suffix == PROGRAM:
        return Judge(Path(source).stem, _exported(Path(source)))
    teacher = load_teacher(source).to(memory_format=torch.channels_last)
    return Judge(Path(source).stem, lambda image: [teacher.pyramid(image)[level] for level in reversed(LEVELS)])


def check_judge(source: str) -> None:
    """Raise a StylerError if there is no such judge: to be asked before long work, not after it."""
    if source != "vgg19" and not is_file(Path(source)):
        raise StylerError(f"no judge {source}", "give vgg19, a VGG-19 as .safetensors, or a network as .pt2")


def _exported(path: Path) -> Callable[[Tensor], Sequence[Tensor]]:
    if not is_zipfile(path):
        raise StylerError(f"{path} is no exported network", "give vgg19, a VGG-19 as .safetensors, or a .pt2 file")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The given buffer is not writable")  # torch 2.11 to itself
            return torch.export.load(path).module()
    except (RuntimeError, ValueError, KeyError) as error:
        raise StylerError(f"can't read {path}: {error}", "write it again with torch.export.save") from error
