"""Stained glass: a sun over hills and a river, in panes of streaked glass between lead cames."""

import numpy as np

from .color import mix, ramp, rgb
from .noise import Field, Labels, blur, fractal, grid, smoothstep

SIZE = 1280
CAME = 11  # pixels, width of the lead
SUN = (0.60, 0.30)
# each region's glass, its number of panes, and how far they are drawn out sideways
SUN_GLASS = rgb("fff3b0 ffd84a ffb71e ff9410")
RAYS = rgb("ff7a1c f0442a d81f4c a8156a ffb63a 7a1a86")
SKY = rgb("1f5fd0 3f9be8 2a3fae 6a35b5 7fd0ee 173a9a")
HILLS = rgb("1d8a4a 5fb82e 0d6a5c a6cf2f 12496a")
MEADOW = rgb("b5d334 3da637 0f7a3a e8d72c 0a5a48")
RIVER = rgb("10b3c4 0a78c0 5fe0dc 0d4fa0 c9f4ee")
PANES = [(SUN_GLASS, 13, 1.0), (RAYS, 48, 1.0), (SKY, 56, 0.8), (HILLS, 40, 0.6), (MEADOW, 46, 0.6), (RIVER, 40, 0.38)]
LEAD = rgb("0b0c10 2a2d36 8d93a0")


def draw(rng: np.random.Generator) -> Field:
    """Return the picture at twice its final size."""
    x, y = grid(SIZE, SIZE)
    regions = _regions(x, y)
    panes, palettes = _panes(regions, rng)
    glass = _glass(panes, palettes, x, y, rng)
    distance = edge_distance(panes, reach=CAME + 12)
    return _leaded(glass, distance, rng)


def _regions(x: Field, y: Field) -> Labels:
    """Return each pixel's index into PANES."""
    r = np.hypot(x - SUN[0], y - SUN[1])
    turn = np.arctan2(y - SUN[1], x - SUN[0])
    hill = 0.60 - 0.10 * np.sin(4.4 * x + 0.4) + 0.03 * np.sin(11 * x)
    meadow = 0.74 + 0.07 * np.sin(5.2 * x + 2.4)
    bank = 0.42 + 0.22 * np.sin(7.2 * y - 3.4)
    river = (np.abs(x - bank) < 0.05 + 0.55 * (y - 0.62).clip(0)) & (y > 0.64)
    flares = r < 0.27 + 0.055 * np.cos(12 * turn + 0.6 * np.sin(3 * turn))
    return np.select([river, y > meadow, y > hill, r < 0.125, flares], [5, 4, 3, 0, 1], 2)


def _panes(regions: Labels, rng: np.random.Generator) -> tuple[Labels, Field]:
    """Return a label for each pane, and the color of each label."""
    panes = np.zeros(regions.shape, int)
    colors = []
    for region, (palette, count, squash) in enumerate(PANES):
        points = np.argwhere(regions == region).astype(float) * [1 / squash, 1]
        seeds = _spread(points, count, rng)
        panes[regions == region] = len(colors) + nearest(points, seeds)
        colors.extend(palette[rng.permutation(count) % len(palette)])
    return panes, np.array(colors)


def _spread(points: Field, count: int, rng: np.random.Generator) -> Field:
    """Return `count` of the points moved to the middles of the cells that they own, so that no pane is a sliver."""
    sample = points[rng.choice(len(points), 4000)]
    seeds = sample[:count]
    for _ in range(5):
        owner = nearest(sample, seeds)
        seeds = np.array([sample[owner == i].mean(axis=0) if (owner == i).any() else seeds[i] for i in range(count)])
    return seeds


def nearest(points: Field, seeds: Field) -> Labels:
    """Return for each point the index of the seed nearest to it."""
    best, owner = np.full(len(points), np.inf), np.zeros(len(points), int)
    for i, seed in enumerate(seeds):
        distance = ((points - seed) ** 2).sum(axis=1)
        closer = distance < best
        best[closer], owner[closer] = distance[closer], i
    return owner


def edge_distance(labels: Labels, *, reach: int) -> Field:
    """Return each pixel's distance to the nearest pixel of another label, no more than `reach`."""
    edge = np.zeros(labels.shape, bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    distance = np.where(edge, 0.0, reach)
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)) * reach:
        np.minimum(distance, np.roll(distance, step, axis) + 1, out=distance)
    return distance


def _glass(panes: Labels, palettes: Field, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Return the glass lit from behind: streaks and ripples of its own in each pane, bright towards the sun."""
    count = len(palettes)
    turn, shade = rng.uniform(0, np.pi, count)[panes], rng.normal(0, 0.12, count)[panes]
    streaks = _streaks(panes, rng)
    slant = 6 * (x * np.cos(turn) + y * np.sin(turn))
    light = 1.0 + shade + 0.2 * streaks + 0.12 * np.sin(slant + 9 * turn)
    light += 0.45 * np.exp(-3.5 * np.hypot(x - SUN[0], y - SUN[1]))
    ripple = fractal(rng, x.shape, scale=14, roughness=4)
    light += 0.10 * (ripple - np.roll(ripple, 3, axis=(0, 1)))
    color = palettes[panes] * light[..., None]
    return mix(color, np.ones_like(color), smoothstep(1.15, 1.9, light) * 0.55)


def _streaks(panes: Labels, rng: np.random.Generator) -> Field:
    """Return swirls as in poured glass, running another way in each pane."""
    long = fractal(rng, panes.shape, scale=90, stretch=0.2, roughness=3)
    curl = np.sin(2.2 * fractal(rng, panes.shape, scale=120, roughness=3.4))
    fields = np.stack([long, long.T, curl])
    return np.take_along_axis(fields, (panes % 3)[None], axis=0)[0]


def _leaded(glass: Field, distance: Field, rng: np.random.Generator) -> Field:
    """Return the glass with round cames over its joints, and its light spilling on them."""
    solder = fractal(rng, distance.shape, scale=40)
    height = np.sqrt(np.clip(1 - (distance / (CAME * 0.5 + 0.8 * solder)) ** 2, 0, 1))
    down, right = np.gradient(blur(height, 1.5))
    shine = np.clip(0.4 + 2.6 * (down + right), 0, 1)
    shadow = smoothstep(CAME * 0.3, CAME + 12, distance)
    lit = glass * (0.45 + 0.55 * shadow[..., None])
    leaded = mix(lit, ramp(LEAD, shine * 0.8), smoothstep(0.0, 0.3, height))
    glow = np.stack([blur(channel, 16) for channel in np.moveaxis(lit, -1, 0)], axis=-1)
    return 1 - (1 - leaded.clip(0, 1)) * (1 - 0.22 * glow.clip(0, 1))
