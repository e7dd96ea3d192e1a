"""Write a stylized picture by the engine without torch, where it can do what is asked; see `styler.cli.stylizing`."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from styler.choices import TransferEngine
from styler.cli.plain_output import collected_warnings


def write_light_picture(
    content: Path,
    styles: Sequence[Path],
    out: Path,
    settings: dict[str, Any],
    loading: dict[str, Any],
    console: Console,
    *,
    engine: TransferEngine,
    max_pixels: int,
    metadata: Literal["keep", "strip"] = "keep",
    overwrite: bool = False,
    page: int | None = None,
) -> dict[str, Any] | None:
    """Write the picture, report it, and return a summary as `write_picture`; None where torch is to be used.

    Raises:
        StylerError: If a file can't be read or written, or --engine onnx lacks its packages.
    """
    if engine == "torch":
        return None
    from styler.export.light_limits import is_faster, unsupported
    from styler.model.catalog import find_model

    needed = "standard input or output" if "-" in map(str, (content, out, *styles)) else unsupported(settings, loading)
    if engine == "auto" and (needed or not is_faster(loading["model"])):
        return None
    if needed is None:
        how: dict[str, Any] = {"max_pixels": max_pixels, "metadata": metadata, "overwrite": overwrite, "page": page}
        found = _written(content, styles, out, settings, find_model(loading["model"]), console, **how)
        if isinstance(found, dict):
            return found
        needed = found
    if engine == "onnx":
        console.print(f"note: {needed} needs torch, which is used instead of onnxruntime", highlight=False)
    return None


def _written(
    content: Path,
    styles: Sequence[Path],
    out: Path,
    settings: dict[str, Any],
    model: Path,
    console: Console,
    *,
    metadata: Literal["keep", "strip"],
    overwrite: bool,
    **files: Any,
) -> dict[str, Any] | str:
    """Write the picture and return a summary, or what needs torch."""
    from styler.export.extra import RUNNING, check_installed
    from styler.export.graph_cache import are_cached, cached_graphs

    check_installed(RUNNING)
    from styler.export.array_pictures import save_array
    from styler.export.light_engine import LightEngine
    from styler.export.light_transfer import NeedsTorch, light_transfer
    from styler.images.metadata import Metadata

    start, seconds = time.perf_counter(), {}
    with collected_warnings() as notes, console.status("starting …", spinner_style="cyan") as status:
        if not are_cached(model):
            status.update(f"exporting the graphs of {model.stem}, once …")
        light = LightEngine(cached_graphs(model))
        seconds["load"] = time.perf_counter() - start
        try:
            result = light_transfer(content, styles, model, light, settings, suffix=out.suffix, **files)
        except NeedsTorch as needed:
            return str(needed)
        seconds["transfer"] = time.perf_counter() - start - seconds["load"]
        kept = result.metadata if metadata == "keep" else Metadata()
        save_array(result.picture, out, metadata=kept, overwrite=overwrite, depth=result.depth)
    seconds["total"] = time.perf_counter() - start
    height, width = result.picture.shape[-2:]
    for note in notes:
        console.print(f"warning: {note}", highlight=False)
    console.print(f"wrote {out} ({width}×{height}, {seconds['total']:.1f} s)", highlight=False)
    return {
        "out": str(out),
        "content_size": list(result.content_size[::-1]),
        "size": [width, height],
        "engine": "onnx",
        "model": model.stem,
        "device": "cpu",
        "dtype": "float32",
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "alpha": result.strength,
        "roots": None,
        "notes": [str(note) for note in notes],
    }
