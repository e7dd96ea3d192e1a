"""A woodcut: a great wave in carved lines, printed in four inks on warm paper."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from .color import mix, rgb
from .noise import Field, Labels, blur, fractal, smoothstep

HEIGHT, WIDTH = 1152, 1440
PAPER, SAND, BLUE, RED, INK = range(5)
COLORS = rgb("f2e4c4 dca545 2c6496 d23c26 12162a")
SUN = (0.99, 0.27)
# the great wave's back and its hollow face, from the foot to the tip of the crest, in heights of the picture
BACK = [(-0.1, 0.72), (0.02, 0.50), (0.14, 0.32), (0.28, 0.17), (0.44, 0.10), (0.60, 0.12), (0.71, 0.21), (0.75, 0.34)]
FACE = [(1.15, 0.98), (0.80, 0.90), (0.58, 0.78), (0.46, 0.62), (0.43, 0.46), (0.48, 0.35), (0.58, 0.30), (0.74, 0.36)]
# y, height, waves across, phase of the swells, from the far one to the near one
SWELLS = [(0.74, 0.05, 2.3, 0.35), (0.84, 0.07, 1.6, 0.9), (0.95, 0.08, 1.9, 0.1)]


def draw(rng: np.random.Generator) -> Field:
    """Return the picture at twice its final size."""
    block = Block()
    _sky(block, rng)
    _sun(block, rng)
    _swell(block, rng, *SWELLS[0])
    _great_wave(block, rng)
    for swell in SWELLS[1:]:
        _swell(block, rng, *swell)
    return _printed(np.asarray(block.image), rng)


class Block:
    """The wood: which ink each pixel takes. Lengths are in heights of the picture."""

    def __init__(self) -> None:
        self.image = Image.new("L", (WIDTH, HEIGHT), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def area(self, outline: Field, ink: int) -> None:
        self.pen.polygon([tuple(point) for point in outline * HEIGHT], fill=ink)

    def line(self, path: Field, widths: Field, ink: int) -> None:
        half = normals(path) * widths[:, None] / 2
        self.area(np.vstack([path + half, (path - half)[::-1]]), ink)

    def discs(self, centers: Field, radii: Field, ink: int) -> None:
        for (x, y), r in zip(centers * HEIGHT, radii * HEIGHT, strict=True):
            self.pen.ellipse((x - r, y - r, x + r, y + r), fill=ink)


def normals(path: Field) -> Field:
    """Return the unit vectors, (n, 2), square to a path."""
    tangent = np.gradient(path, axis=0)
    return tangent[:, ::-1] * [-1, 1] / (np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9)


def spline(points: list, t: Field) -> Field:
    """Return the points, (n, 2), at t in [0, 1] on the Catmull-Rom curve through the given ones."""
    p = np.array(points)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    s = t * (len(p) - 3)
    i = np.minimum(s.astype(int), len(p) - 4)
    u = (s - i)[:, None]
    a, b, c, d = (p[i + k] for k in range(4))
    return b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))


def cut(width: Field | float, count: int, rng: np.random.Generator) -> Field:
    """Return the widths of a line cut by hand: pointed at both ends, unsteady between."""
    t = np.linspace(0, 1, count)
    unsteady = np.interp(t, np.linspace(0, 1, 9), rng.uniform(0.7, 1.25, 9))
    return width * unsteady * np.minimum(1, 7 * np.minimum(t, 1 - t)) ** 0.7


def _sky(block: Block, rng: np.random.Generator) -> None:
    """Cut level lines: blue ones that thin out downwards, sand ones that swell."""
    for y in np.arange(0.0, 0.86, 0.0145):
        end = rng.uniform(0, 0.3)
        while end < 1.7:
            start, end = end - 0.3, end + rng.uniform(0.25, 0.7)
            x = np.linspace(start, end - 0.31, 60)
            path = np.stack([x, y + 0.005 * np.sin(6 * x + 25 * y) + rng.normal(0, 0.0008)], axis=-1)
            block.line(path, cut(0.0125 * max(1 - 1.5 * y, 0.22), 60, rng), BLUE)
            block.line(path + np.array([0, 0.0072]), cut(0.0012 + 0.0098 * min(y / 0.6, 1) ** 1.5, 60, rng), SAND)


def _sun(block: Block, rng: np.random.Generator) -> None:
    block.discs(np.array([SUN]), np.array([0.168]), PAPER)
    block.discs(np.array([SUN]), np.array([0.155]), RED)
    for y in np.arange(-0.13, 0.145, 0.0155):
        half = np.sqrt(0.148**2 - y**2) * rng.uniform(0.9, 1.0)
        x = np.linspace(-half, half, 60)
        path = np.stack([SUN[0] + x, SUN[1] + y + 0.004 * np.sin(25 * x + 40 * y)], axis=-1)
        block.line(path, cut(0.004 + 0.03 * max(y, 0), 60, rng), SAND if y < 0.03 else PAPER)


def _great_wave(block: Block, rng: np.random.Generator) -> None:
    t = np.linspace(0, 1, 160)
    back, face = spline(BACK, t), spline(FACE, t)
    block.area(np.vstack([back, face[::-1]]), PAPER)
    levels = np.linspace(0.0, 1.0, 31)
    curves = [face + (back - face) * v for v in levels]
    for k, (curve, following) in enumerate(pairwise(curves)):
        gap = np.linalg.norm(following - curve, axis=1).clip(0.002, 0.035)
        middle = (curve + following) / 2
        if k % 3 != 2:
            block.line(middle, cut(gap * (0.95 - 0.35 * t), 160, rng), BLUE)
        block.line(curve, cut(gap * (0.14 + 0.22 * (1 - levels[k])) + 0.0022, 160, rng), INK)
        _ticks(block, middle, gap, INK if k % 3 == 2 else PAPER, rng)
    block.line(back, np.full(160, 0.007), INK)
    block.line(face, np.full(160, 0.008), INK)
    _foam(block, back[70:], -1, 0.036, rng)
    _foam(block, face[100:], -1, 0.024, rng)
    _spray(block, rng)


def _ticks(block: Block, curve: Field, gap: Field, ink: int, rng: np.random.Generator) -> None:
    """Leave short gouge marks along a curve."""
    for start in rng.integers(0, len(curve) - 16, 11):
        piece = slice(start, start + rng.integers(7, 15))
        path = curve[piece] + normals(curve)[piece] * gap[piece, None] * rng.uniform(-0.25, 0.25)
        block.line(path, cut(gap[piece] * 0.28, len(path), rng), ink)


def _foam(block: Block, crest: Field, side: int, size: float, rng: np.random.Generator) -> None:
    """Set claws of foam along a crest, each curling the way the crest runs."""
    spacing = size * 0.62
    count = max(3, int(np.linalg.norm(np.diff(crest, axis=0), axis=1).sum() / spacing))
    outline, middle = [], []
    for i in np.linspace(0, len(crest) - 1, count).astype(int):
        claw, radii = _claw(crest[i], crest[max(i - 1, 0)], crest[min(i + 1, len(crest) - 1)], side, size, rng)
        outline.append((claw, radii))
        middle.append((claw + normals(claw) * radii[:, None] * 0.3, radii * 0.22))
    for claw, radii in outline:
        block.discs(claw, radii + 0.0035, INK)
    for claw, radii in outline:
        block.discs(claw, radii, PAPER)
    for claw, radii in middle:
        block.discs(claw[4:-6], radii[4:-6], BLUE)


def _claw(
    foot: Field, before: Field, after: Field, side: int, size: float, rng: np.random.Generator
) -> tuple[Field, Field]:
    """Return the discs, centers and radii, of one finger of foam that hooks forward and down."""
    ahead = np.arctan2(*(after - before)[::-1])
    turn = ahead + side * rng.uniform(0.9, 1.4) - side * np.linspace(0, 2.6, 24) * rng.uniform(0.8, 1.15)
    reach = size * rng.uniform(0.7, 1.5)
    path = foot + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], -1), axis=0) * reach * 2.2 / 24
    return path, np.linspace(0.42, 0.06, 24) * size * rng.uniform(0.8, 1.1)


def _spray(block: Block, rng: np.random.Generator) -> None:
    centers = np.array([0.72, 0.24]) + rng.normal(0, [0.13, 0.12], (170, 2))
    centers = np.vstack([centers, np.array([0.3, 0.1]) + rng.normal(0, [0.16, 0.05], (70, 2))])
    radii = 0.0016 + 0.0035 * rng.random(len(centers)) ** 2
    block.discs(centers, radii + 0.0022, INK)
    block.discs(centers, radii, PAPER)


def _swell(block: Block, rng: np.random.Generator, level: float, rise: float, waves: float, phase: float) -> None:
    """Cut a swell whose lines follow its back, closer and heavier with depth."""
    x = np.linspace(-0.05, 1.35, 320)
    hump = np.abs(np.sin(np.pi * (waves * x + phase + 0.12 * np.sin(9 * x))))
    back = np.stack([x + 0.05 * hump**2, level - rise * (1 - hump) ** 1.6 * 1.5 + 0.01 * np.sin(21 * x)], axis=-1)
    block.area(np.vstack([back, [[1.4, 1.1], [-0.1, 1.1]]]), PAPER)
    for k in range(1, 16):
        depth = 0.0035 * k + 0.0008 * k**2
        ripple = 0.0022 * np.sin(60 * x + 2 * k) * [[0], [1]]
        path = back * [1, 1 - 0.02 * k] + [0, 0.02 * k * level + depth] + ripple.T
        for start in range(0, 320, 40):
            piece = slice(max(start - rng.integers(0, 14), 0), start + rng.integers(34, 46))
            ink = BLUE if rng.random() < 0.62 else INK
            width = (0.004 + 0.0007 * k) * rng.uniform(0.6, 1.2)
            block.line(path[piece], cut(width, len(path[piece]), rng), ink)
    block.line(back, np.full(320, 0.0055), INK)
    for tip in np.flatnonzero((hump[1:-1] < hump[2:]) & (hump[1:-1] <= hump[:-2])) + 1:
        _foam(block, back[max(tip - 16, 0) : tip + 9], -1, 0.02, rng)


def _printed(inks: Labels, rng: np.random.Generator) -> Field:
    """Return the print: each ink a little out of register, thin where the wood's grain is open."""
    shape = inks.shape
    fiber = fractal(rng, shape, scale=12, roughness=1.6) + 0.8 * fractal(rng, shape, scale=200)
    color = COLORS[PAPER] * (1 + 0.022 * fiber)[..., None]
    y, x = np.mgrid[: shape[0], : shape[1]]
    ragged = [(0.9 * fractal(rng, shape, scale=26)).round().astype(int) for _ in range(2)]
    for ink, (right, down) in {SAND: (3, 2), BLUE: (-2, 3), RED: (2, -3), INK: (0, 0)}.items():
        rows = (y + ragged[0] - down).clip(0, shape[0] - 1)
        mask = inks[rows, (x + ragged[1] - right).clip(0, shape[1] - 1)] == ink
        grain = fractal(rng, shape, scale=160, stretch=22, roughness=1.9) + 0.6 * fractal(
            rng, shape, scale=6, roughness=1.2
        )
        cover = blur(mask.astype(float), 0.7) * (0.93 - 0.22 * smoothstep(0.6, 2.4, grain) + 0.05 * np.tanh(fiber))
        color = mix(color, color * COLORS[ink] if ink != INK else COLORS[INK] * np.ones_like(color), cover.clip(0, 1))
    return color
