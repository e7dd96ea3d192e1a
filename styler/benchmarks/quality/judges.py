"""Judges: networks whose features are used for the scores. Images are RGB floats in [0, 1], `(1, 3, H, W)`."""

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
from styler.model.teacher import load_teacher

PROGRAM = ".pt2"


@dataclass(frozen=True)
class Judge:
    """A named network; `features` returns the feature maps of an image, `(1, C, h, w)` each, from fine to coarse."""

    name: str
    features: Callable[[Tensor], Sequence[Tensor]]


def load_judge(source: str) -> Judge:
    """Return the judge "vgg19" (torchvision's, downloaded once), or the one in a file.

    A .safetensors file holds a VGG-19, as for `styler train encoder --teacher`; its maps are relu1_1 to relu4_1.
    A .pt2 file holds any network written by `torch.export.save`, from an image to a list of maps, fine to coarse.

    Raises:
        StylerError: If it can't be loaded.
    """
    if Path(source).suffix == PROGRAM:
        return Judge(Path(source).stem, _exported(Path(source)))
    teacher = load_teacher(source).to(memory_format=torch.channels_last)
    return Judge(Path(source).stem, lambda image: [teacher.pyramid(image)[level] for level in reversed(LEVELS)])


def check_judge(source: str) -> None:
    """Raise a StylerError if there is no such judge; called before the long benchmark starts."""
    if source != "vgg19" and not is_file(Path(source)):
        raise StylerError(f"no judge {source}", "give vgg19, a VGG-19 as .safetensors, or a network as .pt2")


def _exported(path: Path) -> Callable[[Tensor], Sequence[Tensor]]:
    if not is_zipfile(path):
        raise StylerError(f"{path} is not an exported network", "give vgg19, a VGG-19 as .safetensors, or a .pt2 file")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The given buffer is not writable")  # raised inside torch 2.11
            return torch.export.load(path).module()
    except (RuntimeError, ValueError, KeyError) as error:
        raise StylerError(f"can't read {path}: {error}", "write it again with torch.export.save") from error
