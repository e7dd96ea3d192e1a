"""The rows of the quality table: every tool and both controls, for each judge."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torch import Tensor

from styler.benchmarks.quality.judges import Judge
from styler.benchmarks.quality.pairs import Pair
from styler.benchmarks.quality.scores import (
    JudgeFeatures,
    content_left,
    judge_features,
    ssim,
    style_distances,
    style_left,
)
from styler.benchmarks.quality.tools import Cost, Tool, tool_folder
from styler.images import Picture

CONTENT, STYLE = "the content itself", "the style itself"


@dataclass(frozen=True)
class QualityRow:
    """Scores by one judge, averaged over the pairs; lower is better, except for SSIM."""

    name: str
    alpha: float
    judge: str
    content_left: float
    style_left: float
    ssim: float
    cost: Cost | None = None


def quality_rows(
    judge: Judge, pairs: Sequence[Pair], tools: Sequence[Tool], costs: Sequence[Cost | None], folder: Path
) -> Iterator[QualityRow]:
    """Yield a row for each of the two controls, then for each tool, whose pictures are in subfolders of `folder`.

    Unchanged contents have the best content score and copies of the styles the best style score, so both scores are
    needed.
    """

    @cache
    def features(path: Path) -> JudgeFeatures:
        return judge_features(judge, Picture.open(path).image)

    @cache
    def whole_distances(pair: Pair) -> Tensor:
        return style_distances(features(pair.content), features(pair.style))

    def scores(pair: Pair, picture: Path) -> tuple[float, float, float]:
        image, content, style = Picture.open(picture).image, features(pair.content), features(pair.style)
        result = judge_features(judge, image)
        structure = ssim(image, Picture.open(pair.content).image)
        return content_left(result, content, style), style_left(result, style, whole_distances(pair)), structure

    def row(name: str, alpha: float, pictures: Sequence[Path], cost: Cost | None = None) -> QualityRow:
        scored = [scores(pair, picture) for pair, picture in zip(pairs, pictures, strict=True)]
        content, style, structure = map(statistics.fmean, zip(*scored, strict=True))
        return QualityRow(name, alpha, judge.name, content, style, structure, cost)

    yield row(CONTENT, 0.0, [pair.content for pair in pairs])
    yield row(STYLE, 1.0, [pair.style for pair in pairs])
    for tool, cost in zip(tools, costs, strict=True):
        results = tool_folder(tool, folder)
        yield row(tool.name, tool.alpha, [results / pair.name for pair in pairs], cost)
