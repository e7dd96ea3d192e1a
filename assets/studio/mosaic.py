"""A mosaic of turning color wheels, in glazed tiles that follow every circle."""

import numpy as np

from .color import mix, relief, rgb
from .noise import Field, Labels, fractal, grid, smoothstep

SIZE = 1280
TILE = 1 / 44  # the side of a tile, in heights of the picture
GROUT = rgb("cdb890 6d5a45")
GLAZES = rgb("e4572e f3a712 f7e3b4 0f7173 17324d a23b72 7fc8b2 c0202f 2a6fb0 efc94c 1b1b26 ee8f7a")
# x, y, number of rings, number of sectors; the later lie over the earlier
WHEELS = [
    (0.14, 0.86, 13, 4),
    (0.93, 0.12, 12, 6),
    (0.98, 0.72, 11, 4),
    (0.20, 0.22, 10, 4),
    (0.58, 0.52, 14, 8),
    (0.64, 0.94, 7, 4),
    (0.40, 0.10, 5, 2),
    (0.83, 0.42, 5, 2),
    (0.33, 0.63, 4, 4),
]


def draw(rng: np.random.Generator) -> Field:
    """Return the picture at twice its final size."""
    x, y = grid(SIZE, SIZE)
    wobble = [0.0016 * fractal(rng, x.shape, scale=70) for _ in range(2)]
    row, column, glaze = _ground(x + wobble[0], y + wobble[1])
    for number, wheel in enumerate(WHEELS):
        over, wheel_row, wheel_column, wheel_glaze = _wheel(x + wobble[0], y + wobble[1], number, *wheel)
        row, column = np.where(over, wheel_row, row), np.where(over, wheel_column, column)
        glaze = np.where(over, wheel_glaze, glaze)
    return _tiled(row, column, glaze, rng)


def _ground(x: Field, y: Field) -> tuple[Field, Field, Labels]:
    """Return row, column (whole numbers at the joints) and glaze of rows of tiles that run in waves."""
    row = (y + 0.05 * np.sin(7 * x + 1)) / TILE
    band = np.floor(row).astype(int)
    return row, x / TILE + 0.5 * (band % 2), np.array([4, 8, 4, 3, 6, 3])[band % 6]


def _wheel(
    x: Field, y: Field, number: int, cx: float, cy: float, rings: int, sectors: int
) -> tuple[Field, Field, Field, Field]:
    """Return where a wheel is, and the row, column and glaze of its tiles, numbered apart from all others."""
    radius = np.hypot(x - cx, y - cy) / TILE
    ring = np.floor(radius).astype(int)
    turn = (np.arctan2(y - cy, x - cx) / (2 * np.pi) + 0.13 * number) % 1
    around = np.maximum(np.round(2 * np.pi * (ring + 0.5) / sectors) * sectors, sectors)
    step = (ring + 1) // 2
    sector = np.floor(turn * sectors).astype(int)
    glaze = (5 * number + 3 * step + 5 * (sector % 2) + (sector // 2) * step) % len(GLAZES)
    return radius < rings, radius + 100 * (number + 1), turn * around, np.where(ring == rings - 1, 10, glaze)


def _tiled(row: Field, column: Field, glaze: Labels, rng: np.random.Generator) -> Field:
    """Return the tiles, each cut, tilted and glazed a little differently, set in grout."""
    number = np.floor(row).astype(int) * 331 + np.floor(column).astype(int)
    tone, tilt_x, tilt_y, swap = (
        rng.permutation(np.linspace(-1, 1, 9973))[(number * k) % 9973] for k in (1, 7, 13, 29)
    )
    across, down = column % 1 - 0.5, row % 1 - 0.5
    edge = 0.5 - (np.abs(across) ** 5 + np.abs(down) ** 5) ** 0.2 - 0.03 * (1 + fractal(rng, row.shape, scale=18))
    tile = smoothstep(0.0, 0.05, edge)
    mottle = fractal(rng, row.shape, scale=26, roughness=2.6)
    glazed = GLAZES[np.where(np.abs(swap) > 0.93, (glaze + 1) % len(GLAZES), glaze)]
    hue = rng.normal(0, 0.05, (9973, 3))[number % 9973]
    color = (glazed + hue) * (1 + 0.17 * tone + 0.3 * (tilt_x * across + tilt_y * down) + 0.07 * mottle)[..., None]
    sand = fractal(rng, row.shape, scale=5, roughness=1.5)
    grout = mix(np.ones_like(color) * GROUT[1], np.ones_like(color) * GROUT[0], np.clip(0.35 + 0.2 * sand, 0, 1))
    height = (
        9 * smoothstep(-0.02, 0.16, edge)
        + 5 * (tilt_x * across + tilt_y * down) * tile
        + 0.35 * mottle
        + 0.3 * sand * (1 - tile)
    )
    return relief(mix(grout, color.clip(0, 1), tile), height, strength=0.3, gloss=0.9)
