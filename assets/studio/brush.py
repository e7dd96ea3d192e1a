"""A bristle brush: strokes that follow a field of directions and leave color and relief."""

from dataclasses import dataclass

import numpy as np

from .noise import Field, Labels

STEPS = 12  # straight pieces a stroke is made of
SPACING = 0.7  # pixels between the samples of a stroke: less than 1, so that no pixel in it stays bare


@dataclass
class Canvas:
    """Wet paint: its color, (H, W, 3), and its thickness in pixels, (H, W)."""

    color: Field
    thickness: Field


def blank(color: Field, height: int, width: int) -> Canvas:
    """Return a canvas primed with one color."""
    return Canvas(np.tile(color, (height, width, 1)), np.zeros((height, width)))


def at(field: Field, points: Field) -> Field:
    """Return the field's values at the nearest pixels to the points, (..., 2) as x, y."""
    x, y = (np.clip(points[..., i].astype(int), 0, field.shape[1 - i] - 1) for i in (0, 1))
    return field[y, x]


def scatter(rng: np.random.Generator, density: Field, count: int) -> Field:
    """Return `count` random points, (count, 2) as x, y, about in proportion to a density in [0, 1]."""
    points = np.empty((0, 2))
    while len(points) < count:
        tries = rng.random((4 * count, 2)) * density.shape[::-1]
        points = np.concatenate([points, tries[rng.random(len(tries)) < at(density, tries)]])
    return points[:count]


def trace(angle: Field, middles: Field, lengths: Field) -> Field:
    """Return paths, (n, STEPS + 1, 2), of the given lengths that follow the angles through their middles."""
    ahead, behind = [middles], [middles]
    for side, step in ((ahead, lengths / STEPS), (behind, -lengths / STEPS)):
        for _ in range(STEPS // 2):
            heading = at(angle, side[-1])
            side.append(side[-1] + step[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=-1))
    return np.stack(behind[:0:-1] + ahead, axis=1)


def stroke(
    canvas: Canvas, path: Field, colors: Field, rng: np.random.Generator, *, width: float, dry: float = 0.3
) -> None:
    """Lay one stroke along a path, (n, 2), with a brush that holds two colors, (2, 3), side by side.

    A `dry` brush, towards 1, loses its bristles one by one on the way.
    """
    length = np.hypot(*np.diff(path, axis=0).T).sum()
    along = np.linspace(0, 1, int(length / SPACING) + 2)
    across = np.linspace(-1, 1, int(width / SPACING) + 2)
    stops = np.linspace(0, 1, len(path))
    spine = np.stack([np.interp(along, stops, path[:, i]) for i in (0, 1)], axis=-1)
    tangent = np.gradient(spine, axis=0)
    normal = tangent[:, ::-1] * [-1, 1] / (np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9)
    taper = np.sqrt(np.clip(np.minimum(along * length / width * 2, (1 - along) * 3 + 0.15), 0, 1))
    points = spine[:, None] + normal[:, None] * (across * taper[:, None] * width / 2)[..., None]

    hairs = np.convolve(rng.standard_normal(len(across) + 2), [0.25, 0.5, 0.25], mode="valid")
    lifted = 1 - dry * rng.random(len(across)) ** 1.5
    x, y = points[..., 0].astype(int), points[..., 1].astype(int)
    inside = (x >= 0) & (x < canvas.thickness.shape[1]) & (y >= 0) & (y < canvas.thickness.shape[0])
    wet = inside & (along[:, None] <= lifted)
    side = np.clip((across + hairs * 0.6 + 1) / 2, 0, 1)[:, None]
    paint = (colors[0] * (1 - side) + colors[1] * side) * (1 + 0.09 * hairs[:, None])
    ridge = 1.6 + hairs + 1.2 * np.abs(across) ** 4
    _lay(canvas, (y[wet], x[wet]), np.broadcast_to(paint, (*x.shape, 3))[wet], np.broadcast_to(ridge, x.shape)[wet])


def _lay(canvas: Canvas, pixels: tuple[Labels, Labels], paint: Field, ridge: Field) -> None:
    canvas.color[pixels] = 0.12 * canvas.color[pixels] + 0.88 * paint
    canvas.thickness[pixels] = 0.35 * canvas.thickness[pixels] + ridge


def paint(
    canvas: Canvas,
    target: Field,
    angle: Field,
    rng: np.random.Generator,
    *,
    count: int,
    width: float,
    length: float,
    broken: float,
    density: Field | None = None,
) -> None:
    """Cover the canvas with strokes in the target's colors, each off by about `broken` from them."""
    density = np.ones(angle.shape) if density is None else density
    middles = scatter(rng, density, count)
    for path in trace(angle, middles, length * rng.uniform(0.6, 1.3, count)):
        color = at(target, path[STEPS // 2])
        pair = color + broken * rng.standard_normal((2, 3)) + broken * rng.standard_normal((2, 1))
        stroke(canvas, path, np.clip(pair, 0, 1), rng, width=width * rng.uniform(0.7, 1.3))
