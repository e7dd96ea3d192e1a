"""Plot of quality: content_left on the x axis, style_left on the y axis."""

from collections.abc import Sequence
from itertools import cycle, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from styler.benchmarks.quality.rows import CONTENT, STYLE, QualityRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_quality(rows: Sequence[QualityRow], path: Path) -> None:
    """Write a plot with a panel for each judge: models of this project as curves over alpha, other tools as points.

    A dotted line is the Pareto front of the other tools.
    """
    from matplotlib.figure import Figure

    judges = list(dict.fromkeys(row.judge for row in rows))
    figure = Figure(figsize=(5.5 * len(judges), 4.5), layout="constrained")
    for axes, judge in zip(figure.subplots(1, len(judges), squeeze=False)[0], judges, strict=True):
        axes.set(
            title=f"judge: {judge}", xlabel="content_left (lower is better)", ylabel="style_left (lower is better)"
        )
        _draw_panel(axes, [row for row in rows if row.judge == judge and row.name not in (CONTENT, STYLE)])
    figure.savefig(path, dpi=110)


def _draw_panel(axes: "Axes", rows: Sequence[QualityRow]) -> None:
    curves = {name: sorted(group, key=lambda row: row.alpha) for name, group in groupby(rows, lambda row: row.name)}
    points = [curve[0] for curve in curves.values() if len(curve) == 1]
    axes.margins(0.1)
    sides = cycle([(1, "left", "bottom"), (-1, "right", "top")])  # curves are close to each other
    for name, curve in curves.items():
        places = [(row.content_left, row.style_left) for row in curve]
        (line,) = axes.plot(*zip(*places, strict=True), "o-" if len(curve) > 1 else "s", label=name)
        if len(curve) > 1:
            side, ha, va = next(sides)
            for row, place in zip(curve, places, strict=True):
                label = axes.annotate(f"{row.alpha:g}", place, (6 * side, 4 * side), textcoords="offset points")
                label.set(ha=ha, va=va, color=line.get_color())
    front = pareto_front([(row.content_left, row.style_left) for row in points])
    if len(front) > 1:
        axes.plot(*zip(*front, strict=True), "k:", linewidth=1)
    axes.set(xlim=(0, None), ylim=(0, None))
    axes.legend()


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points that no other point is below in both coordinates, from left to right."""
    front: list[tuple[float, float]] = []
    for point in sorted(points):
        if not front or point[1] < front[-1][1]:
            front.append(point)
    return front
