"""A poppy meadow in short thick dabs, each color set against its complement."""

import numpy as np

from .brush import Canvas, blank, paint, stroke
from .color import mix, ramp, relief, rgb
from .noise import Field, fractal, grid, smoothstep

HEIGHT, WIDTH = 1152, 1440
SKY = rgb("5a8fd0 7fb6dc a9d3d6 f3d9b8 f7c3a0 f4e3a8")
TREES = rgb("1d2f5e 27566a 3f7d5a 7fa049 c9b750")
MEADOW = rgb("e8c65a b9bd4c 7fa23e 4b8a44 2f6f5a 274a63")
CONTRASTS = rgb("7a4fa3 f08a2c 2f63b8 f5dc74 c9539a")
PETALS = rgb("7d0f1f c3161c e8341c f4632a ff9a52")
HEART = rgb("1a1030 3a1038")
HORIZON = 0.34


def draw(rng: np.random.Generator) -> Field:
    """Return the picture at twice its final size."""
    x, y = grid(HEIGHT, WIDTH)
    near = smoothstep(HORIZON, 1.0, y)
    target = _scene(x, y, rng)
    angle = _lean(x, y, rng)
    canvas = blank(rgb("b5713a")[0], HEIGHT, WIDTH)
    paint(canvas, target, angle, rng, count=6500, width=22, length=46, broken=0.06)
    paint(canvas, target, angle, rng, count=9000, width=10, length=26, broken=0.08, density=1 - 0.9 * near)
    paint(canvas, target, angle, rng, count=5000, width=13, length=62, broken=0.09, density=near)
    for pigment in CONTRASTS:
        spots = np.tile(pigment, (HEIGHT, WIDTH, 1))
        paint(canvas, spots, angle, rng, count=620, width=10, length=24, broken=0.05, density=0.8 * near)
    _flowers(canvas, rng)
    return relief(canvas.color, canvas.thickness, strength=0.24, gloss=0.4)


def _scene(x: Field, y: Field, rng: np.random.Generator) -> Field:
    clouds = fractal(rng, x.shape, scale=260, stretch=2)
    sky = ramp(SKY, 1.7 * y + 0.16 * clouds)
    drifts = fractal(rng, x.shape, scale=300, stretch=3)
    meadow = ramp(MEADOW, (y - HORIZON) * 1.15 + 0.17 * drifts + 0.05 * np.sin(40 * np.log(y + 0.02) + 4 * x))
    crowns = (
        0.055 * np.abs(np.sin(7 * x + 1)) + 0.05 * np.exp(-(((x - 0.3) / 0.16) ** 2)) + 0.02 * np.abs(np.sin(23 * x))
    )
    trees = ramp(TREES, (HORIZON - y) / 0.13 * 0.8 + 0.2 * fractal(rng, x.shape, scale=50))
    ground = mix(sky, trees, smoothstep(-0.004, 0.004, y - HORIZON + crowns))
    return mix(ground, meadow, smoothstep(-0.006, 0.006, y - HORIZON))


def _lean(x: Field, y: Field, rng: np.random.Generator) -> Field:
    breeze = fractal(rng, x.shape, scale=240)
    grass = -np.pi / 2 + 0.45 * np.sin(4 * x + 2 * y) + 0.35 * breeze
    return np.where(y > HORIZON + 0.06, grass, np.where(y > HORIZON, 0.1 * breeze, -0.35 + 0.7 * breeze))


def _flowers(canvas: Canvas, rng: np.random.Generator) -> None:
    """Paint poppies from the far ones, small, to the near ones, large."""
    depth = np.sort(rng.random(300) ** 1.25)
    for near in depth:
        y = HORIZON + 0.03 + 0.66 * near
        x = (0.36 + 0.3 * near * np.sin(5 * near) + rng.normal(0, 0.25 + 0.2 * near)) % (WIDTH / HEIGHT)
        _poppy(canvas, np.array([x, y]) * HEIGHT, 6 + 58 * near * rng.uniform(0.6, 1.15), rng)


def _poppy(canvas: Canvas, center: Field, radius: float, rng: np.random.Generator) -> None:
    for turn in rng.permutation(np.linspace(0, 2 * np.pi, 9)):
        heading = turn + np.linspace(-0.5, 0.5, 5) + rng.normal(0, 0.2)
        rim = np.stack([np.cos(heading), 0.72 * np.sin(heading) - 0.1], axis=-1) * radius * rng.uniform(0.45, 0.75)
        light = np.clip(0.45 - 0.45 * np.sin(turn + 0.8) + rng.normal(0, 0.2, 2), 0, 1)
        stroke(canvas, center + rim, ramp(PETALS, light), rng, width=max(7.0, radius * 0.62))
    if radius > 14:
        dot = center + np.linspace([-0.16, 0.05], [0.16, 0.0], 5) * radius
        stroke(canvas, dot, HEART, rng, width=radius * 0.34)
