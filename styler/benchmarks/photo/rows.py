"""Rows of `styler bench photo`: scores of each method on pairs, and seconds and memory at the size of photographs."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean

from torch import Tensor

from styler.benchmarks.photo.methods import METHODS
from styler.benchmarks.photo.scores import PhotoScores, photo_scores
from styler.benchmarks.quality.pairs import Pair
from styler.benchmarks.quality.tools import Cost, OtherTool
from styler.choices import PHOTO_ALPHA
from styler.images import Picture
from styler.images.pixels import quantized, to_float
from styler.photo.photograph import photo_stylized
from styler.process import keep_freed_memory, peak_mib
from styler.transfer.stylizer import Stylizer

OURS = {f"styler photo {alpha:g}": alpha for alpha in (PHOTO_ALPHA, 1.0)}
Method = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class ScoreRow:
    """Mean scores of one method."""

    method: str
    edge_ssim: float
    color_left: float
    gradient_ratio: float


@dataclass(frozen=True)
class CostRow:
    """Seconds and peak memory of the process of one method, without reading and writing."""

    method: str
    megapixels: float
    seconds: float
    peak_mib: int | None


def score_rows(
    pairs: Sequence[Pair], stylizer: Stylizer, *, tools: Sequence[OtherTool] = (), folder: Path
) -> Iterator[ScoreRow]:
    """Yield the scores of the content itself, of `styler photo`, of the other methods, and of other programs.

    Args:
        pairs: Photographs with their styles.
        stylizer: For `styler photo`.
        tools: Other programs.
        folder: Where they write.
    """
    ours: dict[str, Method] = {name: partial(graded_by, stylizer, alpha=alpha) for name, alpha in OURS.items()}
    methods: dict[str, Method] = {"the content itself": lambda content, style: content, **ours, **METHODS}
    for name, method in methods.items():
        yield mean_row(name, [scored(method(*images), *images) for images in map(images_of, pairs)])
    for tool in tools:
        tool.stylize(pairs, folder)
        yield mean_row(tool.name, [scored(Picture.open(folder / pair.name).image, *images_of(pair)) for pair in pairs])


def graded_by(stylizer: Stylizer, content: Tensor, style: Tensor, *, alpha: float) -> Tensor:
    """Return the content in the style's colors by `styler photo`."""
    return photo_stylized(stylizer, Picture.of(content), style, alpha=alpha).picture.image


def images_of(pair: Pair) -> tuple[Tensor, Tensor]:
    """Return the content and the style of a pair."""
    return Picture.open(pair.content).image, Picture.open(pair.style).image


def scored(result: Tensor, content: Tensor, style: Tensor) -> PhotoScores:
    """Return the scores of a result, after rounding to 8 bits."""
    return photo_scores(to_float(quantized(result)), content, style)


def mean_row(name: str, scores: Sequence[PhotoScores]) -> ScoreRow:
    """Return the means of the scores."""
    return ScoreRow(name, *(fmean(values) for values in zip(*scores, strict=True)))


def cost_rows(pair: Pair, megapixels: Sequence[float], *, model: str, device: str) -> Iterator[CostRow]:
    """Yield the cost of each method at each size, each in a process of its own."""
    for size in megapixels:
        for name in [next(iter(OURS)), *METHODS]:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                cost = pool.submit(cost_here, name, pair, size, model, device).result()
            yield CostRow(name, size, cost.seconds, cost.peak_mib)


def cost_here(name: str, pair: Pair, megapixels: float, model: str, device: str) -> Cost:
    """Return the cost of a method on the photograph, enlarged, in this process."""
    keep_freed_memory()
    small, style = Picture.open(pair.content), Picture.open(pair.style)
    side = round((megapixels * 1e6) ** 0.5)
    times = [-(-side // length) for length in small.size]
    samples = small.samples.repeat(1, 1, *times)[..., :side, :side].contiguous()
    stylizer = Stylizer(model, device=device) if name in OURS else None
    start = time.perf_counter()
    if stylizer is not None:
        photo_stylized(stylizer, Picture(samples), style)
    else:
        quantized(METHODS[name](Picture(samples).image, style.image))
    return Cost(time.perf_counter() - start, peak_mib())
