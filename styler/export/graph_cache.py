"""Graphs that were exported once for this user, for the engine without torch. Does not import torch."""

from pathlib import Path

import styler
from styler.files import sha256
from styler.files.user_cache import user_cache

GRAPHS = ("style.onnx", "transfer.onnx")
COMPLETE = "SHA256SUMS"
"""Written last."""


def graphs_folder(model: Path) -> Path:
    """Return where the graphs of a model file are kept for this version of styler, whether they are there or not."""
    return user_cache() / "graphs" / f"{model.stem}-{sha256(model)[:16]}-{styler.__version__}"


def are_cached(model: Path) -> bool:
    """Return whether the graphs of a model file have been exported for this user."""
    return (graphs_folder(model) / COMPLETE).is_file()


def cached_graphs(model: Path) -> Path:
    """Return the folder of the graphs of a model file; the first time they are exported, which imports torch.

    Raises:
        StylerError: If a package is missing, or they can't be written.
    """
    folder = graphs_folder(model)
    if not are_cached(model):
        from styler.export.writing import export_model

        export_model(model, folder, overwrite=True)
    return folder
