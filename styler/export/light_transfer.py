"""A photograph file and style files to a picture, by the engine without torch. Does not import torch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime

import styler
from styler.choices import STYLE_SUFFIX, Depth, Level
from styler.export.array_pictures import floats_of, resized
from styler.export.light_engine import LightEngine
from styler.export.light_limits import peak_bytes
from styler.images.format_limits import check_size
from styler.images.loading import read_file
from styler.images.metadata import Metadata
from styler.images.sizes import resized_size
from styler.model.catalog import model_facts
from styler.model.style_catalog import builtin_style_file, is_style_name
from styler.transfer.input_record import inputs_record, model_record
from styler.transfer.style_arrays import StyleArrays, read_arrays
from styler.transfer.style_mixture import mixed_arrays


class NeedsTorch(Exception):  # noqa: N818  no error: the other engine is used
    """What the files ask for that only torch does."""


class LightResult(NamedTuple):
    """A stylized picture, `(1, 3, H, W)`, what is written beside it, and the strength at each level."""

    picture: np.ndarray
    metadata: Metadata
    depth: Depth
    content_size: tuple[int, int]
    strength: dict[Level, float]


def light_transfer(
    content: Path,
    styles: Sequence[Path],
    model: Path,
    engine: LightEngine,
    settings: Mapping[str, Any],
    *,
    suffix: str,
    max_pixels: int,
    page: int | None = None,
) -> LightResult:
    """Return a photograph in the mixture of styles.

    Args:
        content: The photograph.
        styles: Pictures, .style files or names of built-in styles.
        model: The model file of the engine's graphs.
        engine: The graphs.
        settings: The keyword arguments of `Stylizer.stylize`, of those that `unsupported` knows.
        suffix: Extension of the file that is to be written.
        max_pixels: See `Picture.open`.
        page: See `Picture.open`.

    Raises:
        NeedsTorch: If a picture is transparent or too large, or a style or level is none of the model's.
        StylerError: If a file can't be read, or the format can't hold the result.
    """
    found = read_file(content, max_pixels=max_pixels, page=page)
    size = settings["size"]
    height, width = found.samples.shape[1:] if size is None else resized_size(*found.samples.shape[1:], size)
    check_size(suffix, height, width, bytes_per_pixel=3 * found.samples.itemsize)
    if found.alpha is not None:
        raise NeedsTorch("transparency")
    if peak_bytes(height, width, base_width=model_facts(model).widths[0]) > settings["max_memory"]:
        raise NeedsTorch("tiles for the memory limit")
    strength = strengths(settings["alpha"], settings["levels"] or engine.levels, engine.levels)
    picture = floats_of(found.samples)
    picture = picture if size is None else resized(picture, size)
    paths = [style_path(style, model, engine.facts["encoder"]) for style in styles]
    known = [style_arrays(path, engine, settings, longest=max(height, width)) for path in paths]
    style = mixed_arrays(known, settings["weights"] or [1.0] * len(known)) if len(known) > 1 else known[0]
    stylized = engine.stylize(picture, style, strength, seed_flats=settings["seed_flats"])
    record = record_text(content, paths, model, settings, page=page)
    depth: Depth = 8 if found.samples.dtype == np.uint8 else 16
    metadata = replace(found.metadata, settings=record)
    return LightResult(stylized, metadata, depth, found.samples.shape[1:], strength)


def strengths(
    alpha: float | Mapping[Level, float], levels: Sequence[Level], known: Sequence[Level]
) -> dict[Level, float]:
    """Return the strength at each of the levels.

    Raises:
        NeedsTorch: If the model has no decoder for one; torch's engine says which to choose.
    """
    named = set(alpha) if isinstance(alpha, Mapping) else set()
    if not named | set(levels) <= set(known):
        raise NeedsTorch("levels without a decoder")
    return {level: alpha.get(level, 1.0) if isinstance(alpha, Mapping) else alpha for level in levels}


def style_path(style: Path, model: Path, encoder: str) -> Path:
    """Return the file of a style; that of a built-in style for its name."""
    return builtin_style_file(str(style), encoder, model=model.stem) if is_style_name(style) else style


def style_arrays(path: Path, engine: LightEngine, settings: Mapping[str, Any], *, longest: int) -> StyleArrays:
    """Return the style in a file, a picture's analysed at the size that `Stylizer.stylize` takes.

    Raises:
        NeedsTorch: If it is transparent, or made with another model, which torch's engine explains.
        StylerError: If it can't be read.
    """
    if path.suffix.lower() == STYLE_SUFFIX:
        style = read_arrays(path)
        if style.fingerprint != engine.facts["encoder"] or not set(engine.levels) <= style.moments.keys():
            raise NeedsTorch("a style of another model")
        return style
    found = read_file(path)
    if found.alpha is not None:
        raise NeedsTorch("transparency")
    own = max(found.samples.shape[1:])
    size = round((settings["style_size"] or min(own, longest)) * settings["style_scale"])
    return engine.style(resized(floats_of(found.samples), max(1, size)))


def record_text(
    content: Path, styles: Sequence[Path], model: Path, settings: Mapping[str, Any], *, page: int | None
) -> str:
    """Return the record of how the picture was made, as `styler.transfer.record.record_of`, with its engine."""
    record: dict[str, Any] = {
        "styler": styler.__version__,
        "torch": "none",
        "engine": "onnx",
        "onnxruntime": onnxruntime.__version__,
        **inputs_record(content, styles, settings),
        "model": model_record(model.stem, model),
        "device": "cpu",
        "dtype": "float32",
        "settings": dict(settings),
    }
    if page is not None:
        record["content"]["page"] = page
    return json.dumps(record)
