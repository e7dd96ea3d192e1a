"""Ink and watercolor: a bare plum tree in blossom before mountains that dissolve in mist."""

import numpy as np

from .brush import blank, stroke
from .color import rgb
from .noise import Field, fractal, grid, smoothstep

HEIGHT, WIDTH = 1280, 1280
PAPER = rgb("f6efdf")[0]
ROSE, OCHRE, VERMILION, INDIGO, VIRIDIAN, SEPIA, VIOLET = -np.log(
    rgb("e0668c e9b44c e8552f 33508f 3f8f7f 6b4a3a 7d5aa0")
)
# y of the ridge at its mean, its height, the scale of its peaks, its two pigments, their strength
RIDGES = [
    (0.34, 0.085, 240, VIOLET, ROSE, 0.5),
    (0.44, 0.075, 190, INDIGO, VIOLET, 0.6),
    (0.55, 0.065, 150, INDIGO, VIRIDIAN, 0.8),
    (0.66, 0.045, 110, VIRIDIAN, INDIGO, 1.05),
]


def draw(rng: np.random.Generator) -> Field:
    """Return the picture at twice its final size."""
    x, y = grid(HEIGHT, WIDTH)
    grain = _grain(rng)
    stain = np.zeros((HEIGHT, WIDTH, 3))
    stain += _wash(0.15 - np.hypot(x - 0.33, y - 0.27), grain, rng, (VERMILION, OCHRE), strength=1.0, wet=0.25)
    stain += _wash(0.42 - y + 0.1 * np.sin(3 * x), grain, rng, (OCHRE, ROSE), strength=0.4, wet=0.9)
    stain += _wash(0.045 - np.abs(y - 0.03 - 0.05 * x), grain, rng, (INDIGO, VIRIDIAN), strength=0.6, wet=0.5)
    for level, rise, scale, first, second, strength in RIDGES:
        ridge = level - rise * fractal(rng, (1, WIDTH), scale=scale, roughness=2.2)
        mist = np.exp(-(((y - ridge).clip(0) / 0.11) ** 1.5))
        stain += _wash(y - ridge, grain, rng, (first, second), strength=strength, wet=0.2) * mist[..., None]
    stain += _lake(y, grain, rng)
    tree = _branches(np.array([1120.0, 1330.0]), -1.95, 350.0, 56.0, rng)
    petals = _petals(tree, rng)
    stain *= 1 - 0.85 * smoothstep(-0.003, 0.001, petals)[..., None]
    stain += _wash(petals, grain, rng, (ROSE, VERMILION), strength=0.85, wet=0.1)
    stain += (_ink(tree, rng) * (0.95 + 0.18 * grain).clip(0.2))[..., None] * (-np.log(rgb("201c24")[0]))
    return PAPER * (1 + 0.018 * grain[..., None]) * np.exp(-stain)


def _grain(rng: np.random.Generator) -> Field:
    """Return cold-pressed paper's hollows, which hold more pigment, above zero."""
    fine = fractal(rng, (HEIGHT, WIDTH), scale=9, roughness=3)
    return 0.8 * fine + 0.4 * fractal(rng, (HEIGHT, WIDTH), scale=28)


def _wash(
    inside: Field, grain: Field, rng: np.random.Generator, pigments: tuple[Field, Field], *, strength: float, wet: float
) -> Field:
    """Return the absorbance, (H, W, 3), of a wash that fills where `inside` (in heights, at its edge 0) is positive.

    A dry edge is crisp and dark, for there the pigment gathers; a `wet` one, towards 1, bleeds into the paper.
    """
    shape = inside.shape
    depth = inside * HEIGHT + 5 * fractal(rng, shape, scale=60, roughness=2.4)
    bleed = 2 + 130 * smoothstep(1.0 - 2.2 * wet, 2.2 - 2.2 * wet, fractal(rng, shape, scale=300))
    body = smoothstep(-0.5, 0.5, depth / bleed)
    rim = np.exp(-((depth / 7 - 0.9) ** 2)) * (bleed < 30) * 0.9
    pools = fractal(rng, shape, scale=230)
    backrun = np.exp(-((fractal(rng, shape, scale=170, roughness=2.6) / 0.05) ** 2)) * 0.35
    density = strength * body * (0.75 + 0.28 * pools + backrun + rim) * (1 + 0.28 * grain)
    blend = smoothstep(-1, 1, fractal(rng, shape, scale=260) + 0.15 * grain)[..., None]
    return density.clip(0)[..., None] * (pigments[0] * blend + pigments[1] * (1 - blend))


def _lake(y: Field, grain: Field, rng: np.random.Generator) -> Field:
    """Return dry-brushed ripples that skip over the paper's hills."""
    ripple = fractal(rng, y.shape, scale=70, stretch=9, roughness=2.2)
    near = smoothstep(0.72, 1.0, y)
    lake = _wash(
        ripple * 0.010 + 0.003 * grain + 0.008 * near - 0.005, grain, rng, (INDIGO, VIRIDIAN), strength=0.75, wet=0.05
    )
    return lake * smoothstep(0.70, 0.76, y)[..., None]


def _ink(tree: list, rng: np.random.Generator) -> Field:
    """Return the ink's density: the tree, brushed from the trunk out."""
    canvas = blank(np.zeros(3), HEIGHT, WIDTH)
    for path, width in tree:
        stroke(canvas, path, np.full((2, 3), 0.9), rng, width=width, dry=0.12 if width > 20 else 0.4)
    return canvas.color[..., 0]


def _branches(root: Field, heading: float, length: float, width: float, rng: np.random.Generator) -> list:
    """Return the strokes, path and width, of a branch and of all that grow from it."""
    turns = heading + np.cumsum(rng.normal(0, 0.16, 8))
    path = np.vstack([root, root + np.cumsum(np.stack([np.cos(turns), np.sin(turns)], -1) * length / 8, axis=0)])
    strokes = [(path, width)]
    if width > 4:
        for side in (-1, 1, -1)[: 2 + (width > 25)]:
            start = path[rng.integers(4, 9)]
            bend = turns[-1] + side * rng.uniform(0.25, 0.85) - 0.1
            strokes += _branches(start, bend, length * rng.uniform(0.62, 0.85), width * rng.uniform(0.5, 0.66), rng)
    return strokes


def _petals(tree: list, rng: np.random.Generator) -> Field:
    """Return how far inside a petal each pixel lies, in heights: blossoms of five on the thin branches."""
    inside = np.full((HEIGHT, WIDTH), -0.02)
    thin = np.array([path[i] for path, width in tree if width < 14 for i in (2, 5, 8)])
    for center in thin[rng.random(len(thin)) < 0.5]:
        size, turn = rng.uniform(7, 15), rng.uniform(0, 2 * np.pi)
        for angle in turn + np.arange(5) * 2 * np.pi / 5:
            _drop(inside, center + size * np.array([np.cos(angle), np.sin(angle)]), size * 0.72)
    for _ in range(60):
        _drop(inside, rng.random(2) * [WIDTH, HEIGHT], rng.uniform(1.5, 7) ** 1.1)
    return inside


def _drop(inside: Field, center: Field, radius: float) -> None:
    reach = radius + 0.02 * HEIGHT
    left, top = np.maximum((center - reach).astype(int), 0)
    window = inside[top : top + int(2 * reach), left : left + int(2 * reach)]
    y, x = np.mgrid[: window.shape[0], : window.shape[1]]
    np.maximum(window, (radius - np.hypot(x + left - center[0], y + top - center[1])) / HEIGHT, out=window)
