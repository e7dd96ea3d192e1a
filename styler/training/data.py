"""Pictures for training: found, checked, split, cropped.

Images are RGB floats in [0, 1], `(3, H, W)`.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from styler.choices import READABLE_SUFFIXES
from styler.errors import StylerError
from styler.images import Picture

HELD_OUT_SHARE = 0.04

WORTH_WORKERS = 1000
"""Crops under which decoding them beside the network is not worth the seconds that a process takes to start."""


def find_pictures(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the pictures below `folder` that can be read, and those that can't, both sorted.

    Raises:
        StylerError: If there is no such folder or no readable picture in it.
    """
    if not folder.is_dir():
        raise StylerError(f"no such folder: {folder}", "give a folder of pictures to train on")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READABLE_SUFFIXES)
    with ThreadPoolExecutor() as pool:
        readable = list(pool.map(is_readable, paths))
    good = [path for path, ok in zip(paths, readable, strict=True) if ok]
    if not good:
        raise StylerError(f"no readable picture in {folder}", f"put pictures there: {' '.join(READABLE_SUFFIXES)}")
    return good, [path for path, ok in zip(paths, readable, strict=True) if not ok]


def is_readable(path: Path) -> bool:
    """Return whether the whole picture decodes."""
    try:
        Picture.open(path)
    except StylerError:
        return False
    return True


def split_held_out(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the pictures to train on and those held out, by a hash of the name: stable as a folder grows."""
    held = [path for path in paths if _unit_hash(path.name) < HELD_OUT_SHARE]
    rest = [path for path in paths if _unit_hash(path.name) >= HELD_OUT_SHARE]
    if not held or not rest:  # a handful of pictures: measure on what is trained on
        return list(paths), list(paths)
    return rest, held


def spread(paths: Sequence[Path], count: int) -> list[Path]:
    """Return at most `count` of the paths, evenly spread over them."""
    step = max(1, len(paths) // count)
    return list(paths[::step][:count])


def _unit_hash(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64


def load_square(path: Path, size: int) -> Tensor:
    """Return the centre square of a picture at `size` pixels, for measuring and for sample sheets."""
    image = Picture.open(path).image[0]
    side = min(image.shape[-2:])
    return v2.functional.resize(v2.functional.center_crop(image, [side, side]), [size, size], antialias=True)


def load_squares(paths: Sequence[Path], size: int) -> Tensor:
    """Return `load_square` of several pictures as one batch."""
    return torch.stack([load_square(path, size) for path in paths])


def augmentation(size: int, *, scale: tuple[float, float]) -> Callable[[Tensor], Tensor]:
    """Return random square crops of `size` pixels that cover the share `scale` of the area, flipped by chance."""
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=scale, ratio=(0.9, 1.1), antialias=True),
            v2.RandomHorizontalFlip(),
        ]
    )


class RandomCrops(Dataset):
    """Item k of an endless, seeded sequence of crops: it depends on the seed and k alone.

    So a resumed training sees what the uninterrupted one would have seen, with any number of workers.
    """

    def __init__(self, *sources: tuple[Sequence[Path], Callable[[Tensor], Tensor]], num_items: int, seed: int):
        self.sources, self.num_items, self.seed = sources, num_items, seed

    def __len__(self) -> int:
        return self.num_items

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Return one crop of each source."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed * 2_000_003 + index)
            return tuple(self._crop(paths, augment) for paths, augment in self.sources)

    def _crop(self, paths: Sequence[Path], augment: Callable[[Tensor], Tensor]) -> Tensor:
        path = paths[int(torch.randint(len(paths), ()))]
        return augment(Picture.open(path).image[0])


def batches(crops: RandomCrops, *, batch_size: int, first: int = 0) -> Iterator[list[Tensor]]:
    """Yield batches of crops from batch number `first` on, each source stacked `(B, 3, H, W)`."""
    order = range(first * batch_size, len(crops))
    workers = max(1, torch.get_num_threads() // 2) if len(order) > WORTH_WORKERS else 0
    context = "spawn" if workers else None  # forking a process that has threads may deadlock
    yield from DataLoader(
        crops, batch_size, sampler=order, num_workers=workers, multiprocessing_context=context, drop_last=True
    )
