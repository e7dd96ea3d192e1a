"""Styles as files: moments in safetensors, bound to the encoder that they were seen with."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.numpy import load
from safetensors.torch import save
from torch import Tensor

from styler.errors import StylerError
from styler.files import atomic_file
from styler.matrix_sqrt import sqrtm
from styler.model.encoder import Encoder
from styler.model.vgg import block
from styler.model.weights import Model
from styler.transfer.moments import Moments
from styler.transfer.style import Style
from styler.transfer.style_arrays import (
    FORMAT,
    LOSS,
    LOSS_ENCODER,
    UNKNOWN_TYPE,
    StyleArrays,
    arrays_in,
    models_of,
    read_arrays,
)

AGAIN = "make it again from its picture: styler style save PICTURE -o NAME.style --model MODEL"


def fingerprint(encoder: Encoder) -> str:
    """Return an identifier of an encoder: the SHA-256 of its weights in half precision, as model files have them."""
    digest = hashlib.sha256(b"antialiased" if encoder.antialiased else b"")
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()


def save_style(style: Style, path: Path, *, overwrite: bool = False, compact: bool = False) -> None:
    """Write a style, whole or not at all: for `small` 191 kB, or 48 kB if compact.

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
    if style.seen_by_loss is not None:
        for level, (mean, covariance) in style.seen_by_loss.moments.items():
            tensors |= {f"{LOSS}{level}.mean": mean, f"{LOSS}{level}.covariance": covariance}
    kept = {name: x if name.endswith(".root") else x.float() for name, x in tensors.items()}
    metadata = {"format": FORMAT, "encoder": style.fingerprint, "sources": json.dumps(style.sources)}
    metadata |= {} if style.seen_by_loss is None else {LOSS_ENCODER: style.seen_by_loss.fingerprint}
    return save({name: tensor.cpu().contiguous() for name, tensor in kept.items()}, metadata)


def root_triangle(covariance: Tensor) -> Tensor:
    """Return the upper triangle of the root of a covariance `(1, C, C)`, row by row, `(1, C·(C+1)/2)`, float16."""
    round_off = torch.finfo(covariance.dtype).eps ** 0.5  # which hides the sign of null eigenvalues
    root = sqrtm(covariance.double(), method="eigh", round_off=round_off)
    rows, columns = torch.triu_indices(*root.shape[-2:])
    return root[..., rows, columns].half()


def read_style(path: Path) -> Style:
    """Return a style file.

    Raises:
        StylerError: If it can't be read, is another kind of file, or holds values that are no moments of a picture.
    """
    return style_from(read_arrays(path), path.stem)


def style_from(arrays: StyleArrays, name: str) -> Style:
    """Return a style of arrays as one of tensors."""
    moments = {level: Moments(*map(torch.from_numpy, pair)) for level, pair in arrays.moments.items()}
    seen = None if arrays.seen_by_loss is None else style_from(arrays.seen_by_loss, name)
    return Style(moments, arrays.fingerprint, name, arrays.sources, (arrays.roughness,), seen)


def style_of_bytes(data: bytes, *, name: str) -> Style:
    """Return the style in the bytes of a file called `name`; see `read_style`."""
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])  # checked by `load`
    except (SafetensorError, ValueError, RuntimeError, *UNKNOWN_TYPE) as error:
        raise StylerError(f"can't read {name}: {error}", "check that the file is complete") from error
    return style_from(arrays_in(tensors, header.get("__metadata__") or {}, name=name), Path(name).stem)


def load_style(path: Path, model: Model, expected: str) -> Style:
    """Return the style in a file after checking that it was made with the encoder of a model.

    Args:
        path: The file.
        model: The widths of its encoder and its levels must fit.
        expected: The encoder's fingerprint.

    Raises:
        StylerError: If it can't be read, was made with another encoder, or lacks a level of the model.
    """
    style = read_style(path)
    check_fits(style, model, expected, path=str(path))
    return style


def check_fits(style: Style, model: Model, expected: str, *, path: str) -> None:
    """Raise a StylerError unless a style was computed with the model's encoder at all its levels; see `load_style`."""
    widths, name = model.encoder.widths, model.name
    fits = all(len(moments.mean[0]) == widths[block(level)] for level, moments in style.moments.items())
    if style.fingerprint != expected or not fits:
        todo = AGAIN
        if style.fingerprint != expected and (names := models_of(style.fingerprint)):
            todo = f"choose --model {names[0]}, or {todo}"
        raise StylerError(f"{path} was made with another model than {name!r}", todo)
    if missing := [level for level in model.levels if level not in style.moments]:
        raise StylerError(f"{path} has no moments of {missing[0]}, for which {name!r} has a decoder", AGAIN)
