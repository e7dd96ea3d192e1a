"""A starry night over a bay: thick oil strokes that swirl along the sky's currents."""

import numpy as np

from .brush import Canvas, blank, paint, stroke
from .color import mix, ramp, relief, rgb
from .noise import Field, fractal, grid, smoothstep

HEIGHT, WIDTH = 1152, 1440
SKY = rgb("0b1546 13308a 1f56b0 2f7fc4 6fb3cf b9d8c4")
GLOW = rgb("5f9fb0 b8c99a f2d45c fbe98a fff8d0")
HILLS = rgb("0a1030 10224f 1c3c5e 2d5a58 5a7a4a")
WATER = rgb("081033 0f2a6e 1a4c97 2e77ac")
LAMP = rgb("f6a623 ffd45a")
# x, y, radius, spin
SWIRLS = [(0.42, 0.30, 0.17, 7.0), (0.70, 0.40, 0.13, -6.5), (0.10, 0.50, 0.14, -5.0), (1.05, 0.52, 0.10, 6.0)]
STARS = [
    (1.06, 0.17, 0.135, 9.0),
    (0.13, 0.16, 0.075, -8.0),
    (0.70, 0.11, 0.065, 8.0),
    (0.30, 0.07, 0.045, 8.0),
    (0.25, 0.43, 0.050, -8.0),
    (0.86, 0.30, 0.045, 8.0),
    (0.54, 0.52, 0.042, 8.0),
    (1.19, 0.40, 0.050, -8.0),
    (0.90, 0.06, 0.030, -8.0),
    (0.03, 0.34, 0.040, 8.0),
]
LAMPS = np.array([0.07, 0.16, 0.21, 0.33, 0.47, 0.52, 0.66, 0.78, 0.83, 0.97, 1.10, 1.21])
SHORE = 0.79


def draw(rng: np.random.Generator) -> Field:
    """Return the picture at twice its final size."""
    x, y = grid(HEIGHT, WIDTH)
    ridge, slope = _ridge(x)
    sky, hills = y < ridge, (y >= ridge) & (y < SHORE)
    target = np.select(
        [sky[..., None], hills[..., None]], [_sky(x, y, rng), _hills(x, y, ridge, rng)], _water(x, y, rng)
    )
    angle = np.select([sky, hills], [_currents(x, y), slope + 0.5 * (y - ridge)], 0.12 * np.sin(9 * x + 50 * y))
    canvas = blank(SKY[0], HEIGHT, WIDTH)
    paint(canvas, target, angle, rng, count=1500, width=36, length=150, broken=0.04)
    paint(canvas, target, angle, rng, count=4200, width=20, length=105, broken=0.05)
    bright = np.clip(target.mean(axis=-1) * 1.6 - 0.3 + 0.7 * hills, 0.05, 1)
    paint(canvas, target, angle, rng, count=4200, width=12, length=64, broken=0.06, density=bright)
    _hearts(canvas, rng)
    return relief(canvas.color, canvas.thickness, strength=0.22, gloss=0.35)


def _hearts(canvas: Canvas, rng: np.random.Generator) -> None:
    """Close the eye that the turning strokes leave in each star."""
    for cx, cy, radius, spin in STARS:
        across = np.linspace(-0.16, 0.16, 5) * radius
        eye = np.stack([cx + across, cy + radius / spin - 0.3 * across], axis=-1)  # where drift and spin cancel
        stroke(canvas, eye * HEIGHT, GLOW[[4, 3]], rng, width=6 + 260 * radius)


def _ridge(x: Field) -> tuple[Field, Field]:
    height = 0.69 + 0.035 * np.sin(5.2 * x + 0.6) + 0.02 * np.sin(12.3 * x) - 0.05 * np.exp(-(((x - 0.95) / 0.2) ** 2))
    return height, np.arctan(np.gradient(height[0]) * HEIGHT) * np.ones_like(x)


def _currents(x: Field, y: Field) -> Field:
    u, v = np.ones_like(x), 0.35 * np.sin(5 * x + 3 * y)
    for cx, cy, radius, spin in SWIRLS + STARS:
        dx, dy = (x - cx) / radius, (y - cy) / radius
        pull = spin * np.exp(-(dx**2 + dy**2) / 2)
        u, v = u - dy * pull, v + dx * pull
    return np.arctan2(v, u)


def _sky(x: Field, y: Field, rng: np.random.Generator) -> Field:
    tone = 0.18 + 0.42 * y + 0.09 * fractal(rng, x.shape, scale=160, stretch=2.5)
    for cx, cy, radius, spin in SWIRLS:
        r, turn = np.hypot(x - cx, y - cy) / radius, np.arctan2(y - cy, x - cx)
        tone += 0.3 * np.exp(-(r**2) / 2) * (0.35 + np.cos(turn - np.sign(spin) * 5.5 * r))
    color = ramp(SKY, tone)
    for cx, cy, radius, _ in STARS:
        r = np.hypot(x - cx, y - cy) / radius
        rings = np.clip(1.12 - 0.75 * r + 0.13 * np.cos(9.5 * r), 0, 1)
        color = mix(color, ramp(GLOW, rings), smoothstep(0.0, 0.45, rings))
    return color


def _hills(x: Field, y: Field, ridge: Field, rng: np.random.Generator) -> Field:
    depth = (y - ridge) / (SHORE - ridge + 1e-6)
    folds = 0.28 * np.sin(26 * x + 9 * depth + 2 * np.sin(7 * x)) + 0.12 * fractal(rng, x.shape, scale=90)
    color = ramp(HILLS, 0.62 - 0.5 * depth + folds)
    return mix(color, LAMP[0] * np.ones_like(color), _lights(x, (y - SHORE + 0.02) / 0.016, 0.008))


def _lights(x: Field, fall: Field, spread: float) -> Field:
    columns = sum(np.exp(-(((x - lamp) / spread) ** 2)) for lamp in LAMPS)
    return np.clip(columns * np.exp(-(fall**2)), 0, 1)


def _water(x: Field, y: Field, rng: np.random.Generator) -> Field:
    ripple = np.sin(150 * y**1.5 + 3 * fractal(rng, x.shape, scale=120, stretch=3))
    color = ramp(WATER, 0.75 - 2.6 * (y - SHORE) + 0.22 * ripple)
    gleam = _lights(x, (y - SHORE) / 0.17, 0.011 + 0.04 * (y.clip(SHORE) - SHORE)) * (0.65 + 0.35 * ripple)
    moon = np.exp(-(((x - 1.06) / 0.07) ** 2)) * (0.55 + 0.45 * ripple)
    return mix(mix(color, LAMP[1] * np.ones_like(color), gleam), GLOW[3] * np.ones_like(color), 0.8 * moon)
