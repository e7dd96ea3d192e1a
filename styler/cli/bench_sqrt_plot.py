"""The plot of `styler bench sqrt`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from styler.benchmarks.sqrt.rows import RootRow


def draw(rows: "Sequence[RootRow]", path: Path, title: str) -> None:
    """Plot time against error, one panel per batch."""
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys(row.matrices for row in rows))
    figure = Figure(figsize=(4 * len(kinds) + 2, 4), layout="constrained")
    figure.suptitle(title, fontsize=9)
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        axes.set(
            xscale="log", yscale="log", title=kind, xlabel="forward + backward, ms", ylabel="error of the gradient"
        )
        for row in (row for row in rows if row.matrices == kind):
            point = row.forward_ms + row.backward_ms, max(row.gradient_error, 1e-17)
            axes.plot(*point, "s" if "published" in row.name else "o", label=row.name)
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    figure.savefig(path, dpi=150)
