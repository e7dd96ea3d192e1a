"""Coordinates, noise and blur on pixel fields, arrays of shape (H, W)."""

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]
Labels = NDArray[np.integer]


def grid(height: int, width: int) -> tuple[Field, Field]:
    """Return the x and y of every pixel in units of the picture's height, y pointing down."""
    y, x = np.mgrid[:height, :width] / height
    return x, y


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], *, scale: float, roughness: float = 3.0, stretch: float = 1.0
) -> Field:
    """Return noise of zero mean and unit deviation whose largest features span about `scale` pixels.

    Its spectrum falls as frequency to the power −`roughness`; `stretch` above 1 draws it out horizontally.
    """
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1]) * stretch)
    falloff = (1 + (scale * frequency) ** 2) ** (-roughness / 2)
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * falloff, s=shape)
    return (field - field.mean()) / field.std()


def blur(field: Field, sigma: float) -> Field:
    """Return the field blurred by a Gaussian of `sigma` pixels, mirrored at the borders."""
    margin = int(3 * sigma) + 1
    padded = np.pad(field, margin, mode="reflect")
    fy, fx = np.fft.fftfreq(padded.shape[0])[:, None], np.fft.rfftfreq(padded.shape[1])
    gaussian = np.exp(-2 * (np.pi * sigma) ** 2 * (fx**2 + fy**2))
    smooth = np.fft.irfft2(np.fft.rfft2(padded) * gaussian, s=padded.shape)
    return smooth[margin:-margin, margin:-margin]


def smoothstep(low: float, high: float, field: Field) -> Field:
    """Return a soft threshold: 0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((field - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
