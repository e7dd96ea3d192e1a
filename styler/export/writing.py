"""Exported graphs as files in a folder, with their card and their hashes."""

import io
from pathlib import Path

import torch

import styler
from styler.choices import ExportDType, ExportFormat
from styler.errors import StylerError
from styler.export.card import card_text
from styler.export.extra import WRITING, check_installed
from styler.export.programs import MASKED, Program, programs_of
from styler.files import atomic_file, exists_error, sha256, write_error
from styler.model.catalog import encoder_fingerprint, find_model, shipped_models
from styler.model.weights import load_model

CARD, SUMS = "README.md", "SHA256SUMS"


def export_model(
    model: str | Path,
    folder: Path,
    *,
    format: ExportFormat = "onnx",
    dtype: ExportDType = "float32",
    masks: bool = False,
    overwrite: bool = False,
) -> list[Path]:
    """Write the graphs of a model, their card and the list of their SHA-256, and return the paths.

    ONNX files of one model have the same bytes each time, with the same versions of torch and onnxscript.

    Args:
        model: A shipped model's name, or a file.
        folder: Made if it is missing.
        format: "onnx", or "pt2", the archives of torch.export.
        dtype: What the networks compute in; their weights are stored in half precision in any case.
        masks: Whether to write the graph that takes masks, too.
        overwrite: Whether files that exist are replaced.

    Raises:
        StylerError: If the model can't be read, a package is missing, or a file exists or can't be written.
    """
    if format == "onnx":
        check_installed(WRITING)
    names = ("style", "transfer", MASKED) if masks else ("style", "transfer")
    paths = {name: folder / f"{name}.{format}" for name in names}
    check_folder(folder, [*paths.values(), folder / CARD, folder / SUMS], overwrite=overwrite)
    path = find_model(model)
    loaded = load_model(path)
    if not loaded.decoders:
        raise StylerError(f"model {loaded.name!r} has no decoder", "train one: styler train decoder --help")
    facts = facts_of(path, format=format, dtype=dtype)
    for name, program in programs_of(loaded, half=dtype == "float16", masks=masks).items():
        write(paths[name], encoded(program, name, facts), overwrite=overwrite)
    hashes = {path.name: sha256(path) for path in paths.values()}
    write(folder / CARD, card_text(facts, loaded.levels, hashes).encode(), overwrite=overwrite)
    sums = "".join(f"{digits}  {name}\n" for name, digits in hashes.items())
    write(folder / SUMS, sums.encode(), overwrite=overwrite)
    return [*paths.values(), folder / CARD, folder / SUMS]


def facts_of(path: Path, *, format: str, dtype: str) -> dict[str, str]:
    """Return what the metadata of the graphs say."""
    return {
        "model": path.stem,
        "model_sha256": sha256(path),
        "encoder": encoder_fingerprint(path),
        "licence": "MIT" if path in shipped_models() else "that of the model's owner",
        "version": styler.__version__,
        "format": format,
        "dtype": dtype,
    }


def check_folder(folder: Path, paths: list[Path], *, overwrite: bool) -> None:
    """Make the folder, and raise a StylerError if that fails or a file exists that is not to be replaced."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StylerError(f"{folder} is a file", "choose a folder with -o") from None
    except OSError as error:
        raise write_error(folder, error) from error
    for path in paths:
        if path.exists() and not overwrite:
            raise exists_error(path)


def encoded(program: Program, name: str, facts: dict[str, str]) -> bytes:
    """Return a graph as the bytes of its file."""
    if facts["format"] == "pt2":
        file = io.BytesIO()
        torch.export.save(program.exported, file, extra_files={f"styler.{key}": text for key, text in facts.items()})
        return file.getvalue()
    from styler.export.onnx_model import onnx_model  # its packages are an extra

    return onnx_model(program, name=name, properties=facts).SerializeToString(deterministic=True)


def write(path: Path, content: bytes, *, overwrite: bool) -> None:
    """Write a file, whole or not at all."""
    with atomic_file(path, overwrite=overwrite) as file:
        file.write(content)
