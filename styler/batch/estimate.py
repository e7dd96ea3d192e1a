"""Estimate of the seconds and the memory of a plan, from picture headers and a short measurement of the network."""

import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from styler.batch.budget import MAX_PIXELS
from styler.batch.pictures import BatchStylizer, resized_pixels
from styler.batch.pipeline import BATCH_PIXELS
from styler.batch.plan import Job
from styler.errors import StylerError
from styler.images import image_size
from styler.transfer.memory import Tiling, tiling_of_size

NOT_TIMED = ("size", "style_size", "weights", "regions", "keep")
"""Settings that hardly affect the time and need files or several styles."""

MAX_SIDE = 512
NUM_RUNS = 3

PICTURE_BYTES = 24
"""Bytes per pixel of a picture between reading and writing: content, result and decoder."""


@dataclass(frozen=True)
class Estimate:
    """Estimate for a whole plan, without the contents that will fail.

    Attributes:
        megapixels: Total size of the results.
        seconds: Expected time.
        peak_mib: Expected peak memory of the process.
        unreadable: Contents whose headers could not be read.
        too_large: Errors of the contents that would have too many pixels after resizing.
    """

    megapixels: float
    seconds: float
    peak_mib: int
    unreadable: list[Path]
    too_large: dict[Path, StylerError]


def batch_estimate(jobs: Sequence[Job], batch_stylizer: BatchStylizer) -> Estimate:
    """Return the estimate for the jobs on this machine, from a few runs of the network on noise."""
    contents = list(dict.fromkeys(job.content for job in jobs))
    with ThreadPoolExecutor() as pool:
        sizes = dict(zip(contents, pool.map(regular_size, contents), strict=True))
    pixels: dict[Path, int] = {}
    too_large: dict[Path, StylerError] = {}
    for path, size in ((path, size) for path, size in sizes.items() if size):
        try:
            pixels[path] = resized_pixels(*size, batch_stylizer.settings.get("size"))
        except StylerError as error:
            too_large[path] = error
    total = sum(pixels.get(job.content, 0) for job in jobs)
    rate = seconds_per_pixel(batch_stylizer, statistics.median(pixels.values())) if pixels else 0
    tilings = [tiling(batch_stylizer, count) for count in {BATCH_PIXELS, *pixels.values()}]
    waiting = min(MAX_PIXELS, sum(pixels.values()) - max(pixels.values(), default=0))
    peak = max(one.peak_bytes for one in tilings) + waiting * PICTURE_BYTES
    unreadable = [path for path, size in sizes.items() if not size]
    return Estimate(total / 1e6, total * rate, round(peak / 2**20), unreadable, too_large)


def regular_size(path: Path) -> tuple[int, int] | None:
    """Return height and width of a picture; None if it can't be read, or is a pipe, which would block."""
    return image_size(path) if os.path.isfile(path) else None  # noqa: PTH113  may lack permission


def tiling(batch_stylizer: BatchStylizer, pixels: int) -> Tiling:
    """Return how a square picture of `pixels` pixels is divided into tiles."""
    side = max(1, round(pixels**0.5))
    options = {
        name: batch_stylizer.settings[name] for name in ("tile", "max_memory") if name in batch_stylizer.settings
    }
    return tiling_of_size(side, side, batch_stylizer.stylizer.model, **options)


def seconds_per_pixel(batch_stylizer: BatchStylizer, pixels: float) -> float:
    """Return the seconds of the network per pixel, for pictures of about `pixels` pixels."""
    side = max(1, min(MAX_SIDE, round(pixels**0.5)))
    noise, seconds = torch.rand(1, 3, side, side), []
    settings = {name: value for name, value in batch_stylizer.settings.items() if name not in NOT_TIMED}
    style = batch_stylizer.stylizer.style(noise, refine_with=settings.get("refine_with"))
    for _ in range(1 if settings.get("refine") else NUM_RUNS + 1):  # many steps need no warm-up
        start = time.perf_counter()
        batch_stylizer.stylizer.stylize(noise, style, **settings)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:] or seconds) / side**2
