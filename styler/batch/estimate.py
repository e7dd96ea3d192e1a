"""What a plan will take: seconds and memory, from the headers of its pictures and a moment's measurement."""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from styler.batch.budget import MAX_PIXELS
from styler.batch.pictures import Studio
from styler.batch.pipeline import BATCH_PIXELS
from styler.batch.plan import Job
from styler.images import image_size
from styler.transfer.memory import Tiling, tiling_of_size

MAX_SIDE = 512
NUM_RUNS = 3

PICTURE_BYTES = 24
"""For a pixel that waits to be stylized or written: a content and a result, and what it takes to decode it."""


@dataclass(frozen=True)
class Estimate:
    """Of a whole plan: `unreadable` are the contents whose headers could not be read."""

    megapixels: float
    seconds: float
    peak_mib: int
    unreadable: list[Path]


def estimated(jobs: Sequence[Job], studio: Studio) -> Estimate:
    """Return what the jobs will take on this machine, from a few runs of the network on noise."""
    contents = list(dict.fromkeys(job.content for job in jobs))
    with ThreadPoolExecutor() as pool:
        sizes = dict(zip(contents, pool.map(image_size, contents), strict=True))
    pixels = {path: worked_pixels(*size, studio.settings.get("size")) for path, size in sizes.items() if size}
    total = sum(pixels.get(job.content, 0) for job in jobs)
    rate = seconds_per_pixel(studio, statistics.median(pixels.values())) if pixels else 0
    tilings = [tiling(studio, count) for count in {BATCH_PIXELS, *pixels.values()}]
    waiting = min(MAX_PIXELS, sum(pixels.values()) - max(pixels.values(), default=0))
    peak = max(one.peak_bytes for one in tilings) + waiting * PICTURE_BYTES
    return Estimate(total / 1e6, total * rate, round(peak / 2**20), [path for path, size in sizes.items() if not size])


def tiling(studio: Studio, pixels: int) -> Tiling:
    """Return how a picture of so many pixels is divided."""
    side = max(1, round(pixels**0.5))
    options = {name: studio.settings[name] for name in ("tile", "max_memory") if name in studio.settings}
    return tiling_of_size(side, side, studio.stylizer.model, **options)


def worked_pixels(height: int, width: int, size: int | None) -> int:
    """Return how many pixels a picture has when its longer side is `size`, its own if None."""
    scale = 1 if size is None else size / max(height, width)
    return round(height * scale * width * scale)


def seconds_per_pixel(studio: Studio, pixels: float) -> float:
    """Return how long the network takes for a pixel of pictures that have about so many."""
    side = max(1, min(MAX_SIDE, round(pixels**0.5)))
    noise, seconds = torch.rand(1, 3, side, side), []
    settings = {name: value for name, value in studio.settings.items() if name not in ("size", "style_size")}
    style = studio.stylizer.style(noise)
    for _ in range(NUM_RUNS + 1):
        start = time.perf_counter()
        studio.stylizer.stylize(noise, style, **settings)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:]) / side**2
