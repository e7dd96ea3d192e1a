"""What the engine without torch can be asked for, and where it is the faster one. Does not import torch."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from styler.errors import StylerError
from styler.export.extra import RUNNING
from styler.export.graph_cache import are_cached
from styler.model.catalog import find_model

SUPPORTED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "regions": ("--mask", ([], ())),
    "keep": ("--keep", (None,)),
    "detail": ("--detail", (0,)),
    "refine": ("--refine", (0,)),
    "strokes": ("--strokes", ("fine", 1)),
    "preserve_color": ("--preserve-color", ("none",)),
    "transform": ("another --transform", ("transport",)),
    "method": ("--method", ("auto",)),
    "tile": ("--tile", ("auto", 0)),
}
"""Settings of `Stylizer.stylize` that it restricts: what to call them, and the values it knows."""

LOADING: dict[str, tuple[str, tuple[Any, ...]]] = {
    "device": ("another --device", ("auto", "cpu")),
    "dtype": ("another --dtype", ("auto", "float32")),
}

PROCESS = 150 << 20
BYTES_PER_PIXEL = 720
"""Of a picture of `small` with as large a style: 284 MiB at 512² and 769 MiB at 1024² in all were measured."""

CPU_FACTS, GPU = Path("/proc/cpuinfo"), Path("/dev/nvidiactl")


def unsupported(settings: Mapping[str, Any], loading: Mapping[str, Any]) -> str | None:
    """Return the first option that needs torch, None if there is none.

    Args:
        settings: The keyword arguments of `Stylizer.stylize`.
        loading: Those of `Stylizer`.
    """
    for given, known in ((settings, SUPPORTED), (loading, LOADING)):
        for name, (words, values) in known.items():
            if given.get(name, values[0]) not in values:
                return words
    return None


def peak_bytes(height: int, width: int, *, base_width: int = 16) -> int:
    """Return about how much memory the process takes for a picture.

    Args:
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.
        base_width: Channels of the encoder's first block.
    """
    return PROCESS + BYTES_PER_PIXEL * base_width // 16 * height * width


def is_faster(model: str | Path) -> bool:
    """Return whether to prefer this engine: its packages and graphs are there, and torch would compute in float32.

    On Linux processors without bfloat16 it took 0.6 of torch's seconds; elsewhere it has not been measured.
    """
    if not CPU_FACTS.is_file() or GPU.exists() or any(find_spec(name) is None for name in RUNNING):
        return False
    flags = CPU_FACTS.read_text()
    if "avx2" not in flags or "avx512_bf16" in flags or "amx_bf16" in flags:
        return False
    try:
        return are_cached(find_model(model))
    except StylerError:  # torch's engine reports it, after what it checks before
        return False
