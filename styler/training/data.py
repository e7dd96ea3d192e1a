"""Training pictures: finding, checking, splitting and cropping.

Images are RGB floats in [0, 1], `(3, H, W)`.
"""

import hashlib
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate
from torchvision.transforms import v2

from styler.choices import READABLE_SUFFIXES
from styler.errors import StylerError
from styler.files import FolderSearch
from styler.images import Picture

HELD_OUT_SHARE = 0.04
"""Of the pictures in a folder."""

MIN_CROPS_FOR_WORKERS = 1000
"""With fewer crops, worker processes take longer to start than they save."""


def find_pictures(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the readable and the unreadable pictures in `folder` and its subfolders, both sorted.

    Links are followed; what is passed over is named in a `PassedOver` warning.

    Raises:
        StylerError: If there is no such folder or no readable picture in it.
    """
    if not folder.is_dir():
        raise StylerError(f"no such folder: {folder}", "give a folder of pictures to train on")
    paths = FolderSearch(READABLE_SUFFIXES).run(folder)
    with ThreadPoolExecutor() as pool:
        readable = list(pool.map(is_readable, paths))
    good = [path for path, ok in zip(paths, readable, strict=True) if ok]
    if not good:
        raise StylerError(f"no readable picture in {folder}", f"add pictures: {' '.join(READABLE_SUFFIXES)}")
    return good, [path for path, ok in zip(paths, readable, strict=True) if not ok]


def is_readable(path: Path) -> bool:
    """Return whether the picture can be decoded completely."""
    try:
        Picture.open(path)
    except StylerError:
        return False
    return True


def split_held_out(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the training and the held-out pictures, chosen by a hash of the name: stable when a folder grows.

    Too few pictures to split are used for both.
    """
    held = [path for path in paths if _unit_hash(path.name) < HELD_OUT_SHARE]
    training = [path for path in paths if _unit_hash(path.name) >= HELD_OUT_SHARE]
    if not held or not training:
        return list(paths), list(paths)
    return training, held


def evenly_spaced(paths: Sequence[Path], count: int) -> list[Path]:
    """Return at most `count` of the paths, evenly spaced."""
    step = max(1, len(paths) // count)
    return list(paths[::step][:count])


def _unit_hash(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8]) / 2**64


def load_square(path: Path, size: int) -> Tensor:
    """Return the center square of a picture, resized to `size` pixels, `(3, size, size)`."""
    image = Picture.open(path).image[0]
    side = min(image.shape[-2:])
    return v2.functional.resize(v2.functional.center_crop(image, [side, side]), [size, size], antialias=True)


def load_squares(paths: Sequence[Path], size: int) -> Tensor:
    """Return `load_square` of several pictures as one batch."""
    return torch.stack([load_square(path, size) for path in paths])


def augmentation(size: int, *, scale: tuple[float, float]) -> Callable[[Tensor], Tensor]:
    """Return a transform to random square crops of `size` pixels; `scale` is the range of their share of the area."""
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=scale, ratio=(0.9, 1.1), antialias=True),
            v2.RandomHorizontalFlip(),
        ]
    )


class RandomCrops(Dataset):
    """A sequence of random crops in which item k depends on the seed and k only.

    A resumed training therefore gets the same crops as an uninterrupted one, with any number of workers.
    """

    def __init__(self, *sources: tuple[Sequence[Path], Callable[[Tensor], Tensor]], num_items: int, seed: int):
        self.sources, self.num_items, self.seed = sources, num_items, seed

    def __len__(self) -> int:
        return self.num_items

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Return one crop from each source, `(3, H, W)` each."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed * 2_000_003 + index)
            return tuple(self._crop(paths, augment) for paths, augment in self.sources)

    def _crop(self, paths: Sequence[Path], augment: Callable[[Tensor], Tensor]) -> Tensor:
        path = paths[int(torch.randint(len(paths), ()))]
        return augment(Picture.open(path).image[0])


def batches(crops: RandomCrops, *, batch_size: int, first: int = 0) -> Iterator[list[Tensor]]:
    """Yield batches of crops from batch number `first` on, one tensor `(B, 3, H, W)` per source.

    Raises:
        StylerError: If a picture can no longer be read.
    """
    order = range(first * batch_size, len(crops))
    workers = max(1, torch.get_num_threads() // 2) if len(order) > MIN_CROPS_FOR_WORKERS else 0
    context = "spawn" if workers else None  # forking a process with threads may deadlock
    loader = DataLoader(
        Readable(crops),
        batch_size,
        sampler=order,
        num_workers=workers,
        multiprocessing_context=context,
        drop_last=True,
        collate_fn=collated,
    )
    with interrupts_blocked():
        loaded = iter(loader)
    try:
        for batch in loaded:
            if isinstance(batch, StylerError):
                raise batch
            yield batch
    except RuntimeError as error:
        if "DataLoader worker" not in str(error) or isinstance(error, StylerError):
            raise
        what = f"a process that loads training pictures ended: {str(error).splitlines()[-1]}"
        raise StylerError(what, "it may have run out of memory: choose a smaller --crop or --batch") from error


class Readable(Dataset):
    """Crops, or the error of the picture that can't be read: an exception would lose its class between processes."""

    def __init__(self, crops: RandomCrops):
        self.crops = crops

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, index: int) -> tuple[Tensor, ...] | StylerError:
        """Return the crops at the index, or the error."""
        try:
            return self.crops[index]
        except StylerError as error:
            return error


def collated(items: list[tuple[Tensor, ...] | StylerError]) -> list[Tensor] | StylerError:
    """Return a batch, or the first error in it."""
    return next((item for item in items if isinstance(item, StylerError)), None) or default_collate(items)


@contextmanager
def interrupts_blocked() -> Generator[None]:
    """Delay Ctrl-C to the end of the block, and block it in processes that start in it: this one stops them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
