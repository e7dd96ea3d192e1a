"""Style files as numpy arrays: read, checked, mixed and described without torch, whose import takes a second."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from styler.choices import LEVELS, STYLE_SUFFIX, Level
from styler.errors import StylerError
from styler.files import exists_error, write_error
from styler.model.catalog import encoder_fingerprint, shipped_models, unreadable

FORMAT = "styler-style-1"
LOSS, LOSS_ENCODER = "loss.", "loss_encoder"
"""Prefix of the moments that a loss network computed, and the metadata entry with its fingerprint."""

MAX_DEVIATION = 0.5
"""Greatest roughness: no deviation of values in [0, 1] exceeds it."""

HALF_ROUNDING, SINGLE_ROUNDING = 1e-3, 1e-6
"""How far, relative to the largest, eigenvalues may lie below zero by rounding in half and in single precision."""

UNKNOWN_TYPE = (TypeError, KeyError, AttributeError)
"""What safetensors raises for a type that numpy lacks."""

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class StyleArrays:
    """A style as its file holds it; see `styler.transfer.style.Style`.

    Attributes:
        moments: Mean `(1, C)` and covariance `(1, C, C)` at each level, float32.
        fingerprint: Identifies the encoder that computed them.
        sources: What the style was made of.
        roughness: How rough its flat parts are, 0 to 0.5.
        seen_by_loss: The same style as the loss network of a refinement sees it, if it is in the file.
    """

    moments: dict[Level, tuple[np.ndarray, np.ndarray]]
    fingerprint: str = ""
    sources: tuple[dict[str, Any], ...] = field(default=())
    roughness: float = 0.0
    seen_by_loss: "StyleArrays | None" = None


def read_arrays(path: Path) -> StyleArrays:
    """Return a style file.

    Raises:
        StylerError: If it can't be read, is another kind of file, or holds values that are no moments of a picture.
    """
    try:
        with safe_open(path, framework="np") as file:
            tensors, metadata = {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise StylerError(f"no such file: {path}", "check the path") from None
    except (OSError, SafetensorError, *UNKNOWN_TYPE) as error:
        raise unreadable(path, error) from error
    return arrays_in(tensors, metadata, name=str(path))


def arrays_in(tensors: Arrays, metadata: Mapping[str, str], *, name: str) -> StyleArrays:
    """Return the style in the arrays and metadata of a file called `name`; see `read_arrays`."""
    if metadata.get("format") != FORMAT:
        raise StylerError(f"{name} is not a styler style", "make one: styler style save PICTURE -o NAME.style")
    levels = [level for level in LEVELS if any(key.startswith(f"{level}.") for key in tensors)]
    moments, mark = moments_in(tensors, levels or LEVELS, "", name=name), metadata.get(LOSS_ENCODER)
    seen_by_loss = None if mark is None else StyleArrays(moments_in(tensors, LEVELS, LOSS, name=name), mark)
    roughness = tensors.get("roughness", np.zeros(1))  # missing until 0.2
    if roughness.dtype.kind != "f" or roughness.shape != (1,) or not 0 <= float(roughness[0]) <= MAX_DEVIATION:
        raise StylerError(f"{name} has no valid roughness", "the file is damaged; make it again")
    try:
        sources = json.loads(metadata.get("sources", "[]"))
    except (ValueError, RecursionError):
        sources = []
    listed = isinstance(sources, list) and all(isinstance(source, dict) for source in sources)
    listed_sources = tuple(sources) if listed else ()
    return StyleArrays(moments, metadata.get("encoder", ""), listed_sources, float(roughness[0]), seen_by_loss)


def moments_in(
    tensors: Arrays, levels: Iterable[Level], prefix: str, *, name: str
) -> dict[Level, tuple[np.ndarray, np.ndarray]]:
    """Return the moments at each level, of which the arrays' names begin with the prefix; see `read_arrays`."""
    moments: dict[Level, tuple[np.ndarray, np.ndarray]] = {}
    for level in levels:
        found = valid_moments(*(tensors.get(f"{prefix}{level}.{part}") for part in ("mean", "covariance", "root")))
        if found is None:
            raise StylerError(f"{name} has no valid moments of {prefix}{level}", "the file is damaged; make it again")
        moments[level] = found
    return moments


def valid_moments(
    mean: np.ndarray | None, covariance: np.ndarray | None, root: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return mean and covariance in float32, or None unless they can be those of a picture, up to rounding.

    Args:
        mean: Expected to be finite, `(1, C)`.
        covariance: Expected to be finite, symmetric and positive semidefinite, `(1, C, C)`; rounding in half precision
            is corrected, because roots are more exact and would fail on it later.
        root: Instead of the covariance the upper triangle of its root, `(1, C·(C + 1)/2)`.
    """
    if mean is None or mean.dtype.kind != "f" or mean.ndim != 2 or mean.shape[0] != 1 or mean.size == 0:
        return None
    size = mean.shape[-1]
    given = root if covariance is None else covariance
    if given is None or given.dtype.kind != "f":
        return None
    if covariance is None:
        given = squared_triangle(given, size)
    if given is None or given.shape != (1, size, size):
        return None
    with np.errstate(over="ignore"):
        mean, given = mean.astype(np.float32), given.astype(np.float32)
    if not (np.isfinite(mean).all() and np.isfinite(given).all()):
        return None
    exact = given.astype(np.float64)  # the sum with its transpose cannot overflow
    exact = (exact + exact.swapaxes(-1, -2)) / 2
    values, vectors = np.linalg.eigh(exact)
    lowest, highest = float(values.min()), float(values.max())
    if lowest < -HALF_ROUNDING * highest or not np.allclose(given, exact, rtol=5e-4, atol=5e-4):
        return None
    if lowest < -SINGLE_ROUNDING * highest:
        exact = vectors * values.clip(0)[..., None, :] @ vectors.swapaxes(-1, -2)
    return mean, exact.astype(np.float32)


def squared_triangle(triangle: np.ndarray, size: int) -> np.ndarray | None:
    """Return the covariance `(1, size, size)` of whose root this is the upper triangle; None for a wrong shape."""
    if triangle.shape != (1, size * (size + 1) // 2):
        return None
    root = np.zeros((1, size, size))
    rows, columns = np.triu_indices(size)
    root[:, rows, columns] = root[:, columns, rows] = triangle
    with np.errstate(over="ignore", invalid="ignore"):
        return (root @ root).astype(np.float32)


def tensors_of(style: StyleArrays) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the arrays and the metadata of a style's file."""
    metadata = {"format": FORMAT, "encoder": style.fingerprint, "sources": json.dumps(style.sources)}
    parts = {"": style.moments}
    if style.seen_by_loss is not None:
        parts[LOSS], metadata[LOSS_ENCODER] = style.seen_by_loss.moments, style.seen_by_loss.fingerprint
    tensors = {"roughness": np.array([style.roughness], dtype=np.float32)}
    for prefix, moments in parts.items():
        for level, (mean, covariance) in moments.items():
            tensors |= {f"{prefix}{level}.mean": mean, f"{prefix}{level}.covariance": covariance}
    return tensors, metadata


def models_of(encoder: str) -> list[str]:
    """Return the names of the shipped models whose encoder has this fingerprint."""
    return [path.stem for path in shipped_models() if encoder_fingerprint(path) == encoder]


def level_statistics(moments: Mapping[Level, Any]) -> dict[Level, dict[str, float]]:
    """Return statistics of a style's moments by level, for display.

    `energy` is the total variance of the channels, whose mean over natural pictures is one; `directions` is the
    effective number of directions that it is spread over, (tr Σ)² / tr Σ².
    """
    shown: dict[Level, dict[str, float]] = {}
    for level, (_, covariance) in moments.items():
        matrix = np.asarray(covariance, dtype=np.float64)[0]
        energy = float(np.trace(matrix))
        spread = energy**2 / max(float(np.square(matrix).sum()), 1e-30)
        shown[level] = {"channels": matrix.shape[-1], "energy": energy, "directions": spread}
    return shown


def writable_style(path: Path, *, overwrite: bool = False) -> None:
    """Check that a style can be written, before long computations.

    Raises:
        StylerError: If the file extension is another, the folder missing, or the file exists.
    """
    if path.suffix.lower() != STYLE_SUFFIX:
        raise StylerError(f"{path} does not end in {STYLE_SUFFIX}", f"choose a name that ends in {STYLE_SUFFIX}")
    try:
        if not path.parent.is_dir():
            raise StylerError(f"no such folder: {path.parent}", f"make it first: mkdir -p {path.parent}")
        if path.exists() and not overwrite:
            raise exists_error(path)
    except OSError as error:
        raise write_error(path, error) from error
