"""The table of quality: every contender and both controls, by every judge."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torch import Tensor

from styler.benchmarks.quality.contenders import Contender, Cost, folder_of
from styler.benchmarks.quality.judges import Judge
from styler.benchmarks.quality.pairs import Pair
from styler.benchmarks.quality.scores import View, content_left, ssim, style_distances, style_left, viewed
from styler.images import Picture

CONTENT, STYLE = "the content itself", "the style itself"


@dataclass(frozen=True)
class QualityRow:
    """Means over the pairs of the scores by one judge; lower is better, but for SSIM."""

    name: str
    alpha: float
    judge: str
    content_left: float
    style_left: float
    ssim: float
    cost: Cost | None = None


def judged_rows(
    judge: Judge, pairs: Sequence[Pair], contenders: Sequence[Contender], costs: Sequence[Cost | None], folder: Path
) -> Iterator[QualityRow]:
    """Yield a row for each contender, whose pictures are below `folder`, after the two controls.

    A method that changes nothing wins on content, one that copies the style on style: neither score counts alone.
    """

    @cache
    def seen(path: Path) -> View:
        return viewed(judge, Picture.open(path).image)

    @cache
    def apart(pair: Pair) -> Tensor:
        return style_distances(seen(pair.content), seen(pair.style))

    def scores(pair: Pair, picture: Path) -> tuple[float, float, float]:
        image, content, style = Picture.open(picture).image, seen(pair.content), seen(pair.style)
        found = viewed(judge, image)
        structure = ssim(image, Picture.open(pair.content).image)
        return content_left(found, content, style), style_left(found, style, apart(pair)), structure

    def row(name: str, alpha: float, pictures: Sequence[Path], cost: Cost | None = None) -> QualityRow:
        found = [scores(pair, picture) for pair, picture in zip(pairs, pictures, strict=True)]
        content, style, structure = map(statistics.fmean, zip(*found, strict=True))
        return QualityRow(name, alpha, judge.name, content, style, structure, cost)

    yield row(CONTENT, 0.0, [pair.content for pair in pairs])
    yield row(STYLE, 1.0, [pair.style for pair in pairs])
    for contender, cost in zip(contenders, costs, strict=True):
        place = folder_of(contender, folder)
        yield row(contender.name, contender.alpha, [place / pair.name for pair in pairs], cost)
