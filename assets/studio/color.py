"""Palettes, and light falling on paint. Colors are RGB floats in [0, 1] on the last axis."""

import numpy as np

from .noise import Field, blur


def rgb(codes: str) -> Field:
    """Return the colors, (n, 3), of hexadecimal codes separated by spaces."""
    return np.array([[int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)] for code in codes.split()])


def ramp(palette: Field, t: Field) -> Field:
    """Return colors interpolated along the palette, its first color at t = 0 and its last at t = 1."""
    stops = np.linspace(0, 1, len(palette))
    return np.stack([np.interp(t, stops, channel) for channel in palette.T], axis=-1)


def mix(below: Field, above: Field, weight: Field) -> Field:
    """Return `above` laid over `below` with a weight in [0, 1] for each pixel."""
    return below + (above - below) * weight[..., None]


def relief(color: Field, height: Field, *, strength: float, gloss: float = 0.0) -> Field:
    """Return the color lit from the upper left, `height` (in pixels) standing up from the picture."""
    down, right = np.gradient(blur(height, 0.8))
    slope = strength * (down + right)
    shine = gloss * np.clip(slope - 0.25, 0, 1) ** 2
    return np.clip(color * (1 + np.clip(slope, -0.6, 0.5))[..., None] + shine[..., None], 0, 1)
