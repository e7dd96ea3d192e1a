"""The rows of the quality table: every tool and both controls, for each judge."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from styler.benchmarks.quality.faces import Face, faces_left, faces_of
from styler.benchmarks.quality.flats import flat_parts
from styler.benchmarks.quality.frechet import frechet_distance
from styler.benchmarks.quality.grid import grid_score
from styler.benchmarks.quality.judges import Judge
from styler.benchmarks.quality.pairs import Pair
from styler.benchmarks.quality.scores import (
    JudgeFeatures,
    content_left,
    flat_left,
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
    """Scores of one tool by one judge, averaged over the pairs; lower is better, except for SSIM.

    Attributes:
        name: Name of the tool.
        alpha: Its strength.
        judge: Name of the judge.
        content_left: Distance from the content, see `styler.benchmarks.quality.scores`.
        style_left: Distance from the style.
        ssim: Structural similarity to the content.
        flat_left: Distance from the style where contents are flat; None if none is.
        face_left: Distance from the content in faces; None without faces.
        frechet: Distance between all results and all styles, see `styler.benchmarks.quality.frechet`.
        grid: Worst grid of all results, see `styler.benchmarks.quality.grid`.
        cost: Time and memory, if known.
    """

    name: str
    alpha: float
    judge: str
    content_left: float
    style_left: float
    ssim: float
    flat_left: float | None
    face_left: float | None
    frechet: float | None
    grid: float
    cost: Cost | None = None


class Scores:
    """The scores of pictures by one judge; the features of contents and styles are kept."""

    def __init__(self, judge: Judge, pairs: Sequence[Pair], faces: Mapping[str, Sequence[Face]]):
        self.judge, self.pairs, self.faces = judge, pairs, faces
        self._features: dict[Path, JudgeFeatures] = {}
        self._flats: dict[Path, Tensor | None] = {}
        self._distances: dict[Pair, tuple[Tensor, Tensor | None]] = {}

    def features(self, path: Path) -> JudgeFeatures:
        """Return the features of a content or a style; those of a content know its flat parts."""
        if path not in self._features:
            image = Picture.open(path).image
            self._flats[path] = flat_parts(image)
            self._features[path] = judge_features(self.judge, image, self._flats[path])
        return self._features[path]

    def distances(self, pair: Pair) -> tuple[Tensor, Tensor | None]:
        """Return the distances of the content from the style, and those of its flat parts if there are any."""
        if pair not in self._distances:
            content, style = self.features(pair.content), self.features(pair.style)
            flat = None if content.flat is None else style_distances(content.flat, style)
            self._distances[pair] = style_distances(content.moments, style), flat
        return self._distances[pair]

    def row(self, name: str, alpha: float, pictures: Sequence[Path], cost: Cost | None = None) -> QualityRow:
        """Return the scores of a tool, of which `pictures` are the results, one a pair."""
        scored, pooled, grids = [], [], []
        for pair, picture in zip(self.pairs, pictures, strict=True):
            image, content, style = Picture.open(picture).image, self.features(pair.content), self.features(pair.style)
            result = judge_features(self.judge, image, self._flats[pair.content])
            whole, whole_flat = self.distances(pair)
            scored.append(
                (
                    content_left(result, content, style),
                    style_left(result, style, whole),
                    ssim(image, Picture.open(pair.content).image),
                    flat_left(result, style, whole_flat),
                    faces_left(result.content, content.content, style.content, faces_of(pair.content, self.faces)),
                )
            )
            pooled.append(result.pooled)
            grids.append(grid_score(image))
        content, style, structure, flat, face = map(mean_of_known, zip(*scored, strict=True))
        styles = [self.features(path).pooled for path in dict.fromkeys(pair.style for pair in self.pairs)]
        distance = frechet_distance(pooled, styles)
        return QualityRow(
            name, alpha, self.judge.name, content, style, structure, flat, face, distance, max(grids), cost
        )


def mean_of_known(values: Sequence[float | None]) -> Any:
    """Return the mean of the values that are known, None if there is none."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def quality_rows(
    judge: Judge,
    pairs: Sequence[Pair],
    tools: Sequence[Tool],
    costs: Sequence[Cost | None],
    folder: Path,
    *,
    faces: Mapping[str, Sequence[Face]] | None = None,
) -> Iterator[QualityRow]:
    """Yield a row for each of the two controls, then for each tool, whose pictures are in subfolders of `folder`.

    Unchanged contents have the best content score and copies of the styles the best style score, so both scores are
    needed.
    """
    scores = Scores(judge, pairs, faces or {})
    yield scores.row(CONTENT, 0.0, [pair.content for pair in pairs])
    yield scores.row(STYLE, 1.0, [pair.style for pair in pairs])
    for tool, cost in zip(tools, costs, strict=True):
        results = tool_folder(tool, folder)
        yield scores.row(tool.name, tool.alpha, [results / pair.name for pair in pairs], cost)
