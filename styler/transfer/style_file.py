"""Styles as files: moments in safetensors, bound to the encoder that they were seen with."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from styler.choices import LEVELS, STYLE_SUFFIX, Level
from styler.errors import StylerError
from styler.files import atomic_file, exists_error, write_error
from styler.matrix_sqrt import sqrtm
from styler.model.catalog import shipped_models
from styler.model.encoder import Encoder
from styler.model.vgg import block
from styler.model.weights import load_model, read_tensors
from styler.transfer.moments import Moments
from styler.transfer.seeding import MAX_DEVIATION
from styler.transfer.style import Style

FORMAT = "styler-style-1"
HALF_ROUNDING, SINGLE_ROUNDING = 1e-3, 1e-6
"""How far, relative to the largest, eigenvalues may lie below zero by rounding in half and in single precision."""

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def fingerprint(encoder: Encoder) -> str:
    """Return an identifier of an encoder: the SHA-256 of its weights in half precision, as model files have them."""
    digest = hashlib.sha256(b"antialiased" if encoder.antialiased else b"")
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_style(style: Style, path: Path, *, overwrite: bool = False, compact: bool = False) -> None:
    """Write a style, whole or not at all: with the widths of `small`, 88 kB, or 24 kB if compact.

    Args:
        style: The style.
        path: The file.
        overwrite: Whether an existing file is replaced.
        compact: Whether each covariance is written as the upper triangle of its root, in half precision. Unlike a
            rounded covariance its square stays positive semidefinite, and small eigenvalues keep more digits.

    Raises:
        StylerError: If the file exists or can't be written.
    """
    with atomic_file(path, overwrite=overwrite) as file:
        file.write(style_bytes(style, compact=compact))


def style_bytes(style: Style, *, compact: bool = False) -> bytes:
    """Return the bytes of a style file; see `save_style`."""
    tensors = {f"{level}.mean": moments.mean for level, moments in style.moments.items()}
    if compact:
        tensors |= {f"{level}.root": root_triangle(x.covariance) for level, x in style.moments.items()}
    else:
        tensors |= {f"{level}.covariance": moments.covariance for level, moments in style.moments.items()}
    tensors["roughness"] = torch.tensor(style.roughness)
    kept = {name: x if name.endswith(".root") else x.float() for name, x in tensors.items()}
    metadata = {"format": FORMAT, "encoder": style.fingerprint, "sources": json.dumps(style.sources)}
    return save({name: tensor.cpu().contiguous() for name, tensor in kept.items()}, metadata)


def root_triangle(covariance: Tensor) -> Tensor:
    """Return the upper triangle of the root of a covariance `(1, C, C)`, row by row, `(1, C·(C+1)/2)`, float16."""
    root = sqrtm(covariance.double(), method="eigh")
    rows, columns = torch.triu_indices(*root.shape[-2:])
    return root[..., rows, columns].half()


def squared_triangle(triangle: Tensor, size: int) -> Tensor:
    """Return the covariance `(1, size, size)` of which `root_triangle` was taken; empty for a wrong shape."""
    if triangle.shape != (1, size * (size + 1) // 2):
        return torch.empty(0)
    root = torch.zeros(1, size, size, dtype=torch.float64)
    rows, columns = torch.triu_indices(size, size)
    root[:, rows, columns] = root[:, columns, rows] = triangle.double()
    return (root @ root).float()


def read_style(path: Path) -> Style:
    """Return a style file.

    Raises:
        StylerError: If it can't be read, is another kind of file, or holds values that are no moments of a picture.
    """
    return style_in(*read_tensors(path), name=str(path))


def style_in(tensors: Mapping[str, Tensor], metadata: Mapping[str, str], *, name: str) -> Style:
    """Return the style in the tensors and metadata of a file called `name`; see `read_style`."""
    path = Path(name)
    if metadata.get("format") != FORMAT:
        raise StylerError(f"{path} is not a styler style", "make one: styler style save PICTURE -o NAME.style")
    moments: dict[Level, Moments] = {}
    for level in LEVELS:
        mean, covariance, triangle = (
            tensors.get(f"{level}.{part}", torch.empty(0)) for part in ("mean", "covariance", "root")
        )
        if not covariance.numel() and triangle.dtype in FLOATS:
            covariance = squared_triangle(triangle, mean.shape[-1] if mean.ndim == 2 else 0)
        found = valid_moments(mean, covariance) if {mean.dtype, covariance.dtype} <= {*FLOATS} else None
        if found is None:
            raise StylerError(f"{path} has no valid moments of {level}", "the file is damaged; make it again")
        moments[level] = found
    roughness = tensors.get("roughness", torch.zeros(1))  # missing until 0.2
    if roughness.dtype not in FLOATS or roughness.shape != (1,) or not 0 <= float(roughness) <= MAX_DEVIATION:
        raise StylerError(f"{path} has no valid roughness", "the file is damaged; make it again")
    try:
        sources = json.loads(metadata.get("sources", "[]"))
    except (ValueError, RecursionError):
        sources = []
    listed = isinstance(sources, list) and all(isinstance(source, dict) for source in sources)
    return Style(moments, metadata.get("encoder", ""), path.stem, tuple(sources) if listed else (), (float(roughness),))


def style_of_bytes(data: bytes, *, name: str) -> Style:
    """Return the style in the bytes of a file called `name`; see `read_style`."""
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])  # checked by `load`
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise StylerError(f"can't read {name}: {error}", "check that the file is complete") from error
    return style_in(tensors, header.get("__metadata__") or {}, name=name)


def valid_moments(mean: Tensor, covariance: Tensor) -> Moments | None:
    """Return the moments in float32, or None unless they can be those of a picture, up to rounding in half precision.

    Args:
        mean: Expected to be finite, `(1, C)`.
        covariance: Expected to be finite, symmetric and positive semidefinite, `(1, C, C)`; what rounding changed of
            that is restored, because roots are more exact than half precision and would fail on it later.
    """
    size = mean.shape[-1] if mean.ndim == 2 else 0
    if size == 0 or mean.shape != (1, size) or covariance.shape != (1, size, size):
        return None
    mean, covariance = mean.float(), covariance.float()
    if not (mean.isfinite().all() and covariance.isfinite().all()):
        return None
    exact = covariance.double()  # the sum with its transpose cannot overflow
    exact = (exact + exact.mT) / 2
    values, vectors = torch.linalg.eigh(exact)
    lowest, highest = float(values.min()), float(values.max())
    if lowest < -HALF_ROUNDING * highest or not torch.allclose(covariance, exact.float(), rtol=5e-4, atol=5e-4):
        return None
    if lowest < -SINGLE_ROUNDING * highest:
        exact = vectors * values.clamp_min(0).unsqueeze(-2) @ vectors.mT
    return Moments(mean, exact.float())


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


def load_style(path: Path, encoder: Encoder, name: str, expected: str) -> Style:
    """Return the style in a file after checking that it was made with the encoder of the model `name`.

    Args:
        path: The file.
        encoder: That of the model; its widths must fit.
        name: What to call the model in messages.
        expected: The encoder's fingerprint.

    Raises:
        StylerError: If it can't be read, or was made with another encoder.
    """
    style = read_style(path)
    check_fits(style, encoder, name, expected, path=str(path))
    return style


def check_fits(style: Style, encoder: Encoder, name: str, expected: str, *, path: str) -> None:
    """Raise a StylerError unless a style was computed with this encoder; see `load_style`."""
    fits = all(len(style[level].mean[0]) == encoder.widths[block(level)] for level in LEVELS)
    if style.fingerprint != expected or not fits:
        todo = "make it again from its picture: styler style save PICTURE -o NAME.style --model MODEL"
        if style.fingerprint != expected and (names := models_of(style.fingerprint)):
            todo = f"choose --model {names[0]}, or {todo}"
        raise StylerError(f"{path} was made with another model than {name!r}", todo)


def mixed_sources(parts: Sequence[tuple[Style, float]]) -> tuple[dict, ...]:
    """Return the sources of a mixture, each with its share."""
    total = sum(weight for _, weight in parts)
    return tuple(
        source | {"share": round(share_in(style, source) * weight / total, 6)}
        for style, weight in parts
        for source in style.sources
    )


def share_in(style: Style, source: dict) -> float:
    """Return the recorded share of a source, if it is valid, else an equal share."""
    share = source.get("share")
    return share if isinstance(share, float) and 0 <= share <= 1 else 1 / len(style.sources)


def models_of(encoder: str) -> list[str]:
    """Return the names of the shipped models whose encoder has this fingerprint."""
    return [path.stem for path in shipped_models() if fingerprint(load_model(path).encoder) == encoder]


def level_statistics(style: Style) -> dict[Level, dict[str, float]]:
    """Return statistics of a style by level, for display.

    `energy` is the total variance of the channels, whose mean over natural pictures is one; `directions` is the
    effective number of directions that it is spread over, (tr Σ)² / tr Σ².
    """
    shown: dict[Level, dict[str, float]] = {}
    for level, (_, covariance) in style.moments.items():
        energy = float(covariance.diagonal(dim1=-2, dim2=-1).sum())
        spread = energy**2 / max(float(covariance.square().sum()), 1e-30)
        shown[level] = {"channels": covariance.shape[-1], "energy": energy, "directions": spread}
    return shown
