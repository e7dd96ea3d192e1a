"""Colour profiles of three curves and a matrix, in 16 bits: Adobe RGB, Display P3, ProPhoto and their kind.

Samples are uint16 `(3, N)`, full scale. Source: ICC.1:2022, sections 8.3, 10.6 and 10.18.
"""

import struct
from dataclasses import dataclass

import numpy as np

_SAMPLES = np.arange(65536) / 65535
# sRGB's primaries as columns of XYZ, adapted to D50 as every profile's are (IEC 61966-2-1, Bradford).
_SRGB = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)


@dataclass(frozen=True)
class MatrixProfile:
    """Linear light of each of 65,536 samples, a row a channel, and the matrix from it to XYZ under D50."""

    curves: np.ndarray
    matrix: np.ndarray


def matrix_profile(icc: bytes | None) -> MatrixProfile | None:
    """Return the curves and matrix of a profile, or None if it is broken, or made of tables."""
    try:
        tags = _tags(icc or b"")
        if icc is None or icc[16:24] != b"RGB XYZ " or any(name.startswith((b"A2B", b"B2A")) for name in tags):
            return None
        matrix = (
            np.transpose([struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]) / 65536
        )
        curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
    except (KeyError, struct.error, ValueError):
        return None
    usable = np.isfinite(curves).all() and (np.ptp(curves, axis=1) > 0.5).all() and abs(np.linalg.det(matrix)) > 1e-4
    return (
        MatrixProfile(np.maximum.accumulate(curves.clip(0, 1), axis=1).astype(np.float32), matrix) if usable else None
    )


def srgb_from(profile: MatrixProfile, samples: np.ndarray) -> np.ndarray:
    """Return samples of the profile in sRGB; what sRGB cannot show is clipped."""
    light = np.stack([curve[channel] for curve, channel in zip(profile.curves, samples, strict=True)])
    light = (np.linalg.solve(_SRGB, profile.matrix).astype(np.float32) @ light).clip(0, 1)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (encoded * 65535 + 0.5).astype(np.uint16)


def srgb_to(profile: MatrixProfile, samples: np.ndarray) -> np.ndarray:
    """Return samples in sRGB as the profile has them; what it cannot show is clipped."""
    light = _SRGB_CURVE[samples]
    light = (np.linalg.solve(profile.matrix, _SRGB).astype(np.float32) @ light).clip(0, 1)
    rows = [np.interp(channel, curve, _SAMPLES) for curve, channel in zip(profile.curves, light, strict=True)]
    return (np.stack(rows) * 65535 + 0.5).astype(np.uint16)


def _tags(icc: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    entries = [struct.unpack_from(">4sII", icc, 132 + 12 * index) for index in range(min(count, 200))]
    return {name: icc[offset : offset + size] for name, offset, size in entries}


def _curve(tag: bytes) -> np.ndarray:
    """Return a transfer curve, sampled; power laws are defined from 0 up."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count > 1:
            values = np.frombuffer(tag, ">u2", count, 12) / 65535
            return np.interp(_SAMPLES, np.linspace(0, 1, count), values)
        return _SAMPLES ** (struct.unpack_from(">H", tag, 12)[0] / 256 if count else 1)
    if tag[:4] != b"para":
        raise ValueError(f"expected a curve, got {tag[:4]!r}")
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(kind, 0)
    return _power_law(kind, *(value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)))


def _power_law(kind: int, g: float = 1, a: float = 1, b: float = 0, c: float = 0, *rest: float) -> np.ndarray:
    """Return the curve (aX + b)^g + e from d on, and cX + f below it, in the parameters of table 68."""
    d, e, f = [*rest, 0, 0, 0][:3]
    if kind in (1, 2):  # a level c, below a threshold that is not spelt out
        c, d, e, f = 0, -b / a if a else 0, c, c
    return np.where(d <= _SAMPLES, np.maximum(a * _SAMPLES + b, 0) ** g + e, c * _SAMPLES + f)


_SRGB_CURVE = np.where(_SAMPLES <= 0.04045, _SAMPLES / 12.92, ((_SAMPLES + 0.055) / 1.055) ** 2.4).astype(np.float32)
