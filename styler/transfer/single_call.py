"""Style transfer in a single call, which loads the model by itself."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Literal, Unpack, overload

import torch

from styler.choices import MAX_MEMORY, Level, Method, PreserveColor, Strokes, Transform
from styler.images.loading import File
from styler.images.masks import AnyMask
from styler.images.picture import AnyPicture, Picture
from styler.transfer.arguments import AnyStyle, Options
from styler.transfer.stylizer import Program, Stylizer
from styler.transfer.trace import Trace


@overload
def stylize(
    content: Program,
    style: AnyStyle | Sequence[AnyStyle] | None,
    *,
    model: str | Path = "auto",
    device: str | torch.device = "auto",
    dtype: str | torch.dtype = "auto",
    **options: Unpack[Options],
) -> Program: ...
@overload
def stylize(
    content: Picture | File | bytes,
    style: AnyStyle | Sequence[AnyStyle] | None,
    *,
    model: str | Path = "auto",
    device: str | torch.device = "auto",
    dtype: str | torch.dtype = "auto",
    **options: Unpack[Options],
) -> Picture: ...
def stylize(
    content: AnyPicture,
    style: AnyStyle | Sequence[AnyStyle] | None,
    *,
    model: str | Path = "auto",
    device: str | torch.device = "auto",
    dtype: str | torch.dtype = "auto",
    alpha: float | Mapping[Level, float] = 1.0,
    weights: Sequence[float] | None = None,
    regions: Sequence[tuple[AnyMask, AnyStyle]] = (),
    keep: AnyMask | None = None,
    preserve_color: PreserveColor = "none",
    detail: float = 0.0,
    strokes: Strokes | int = "fine",
    seed_flats: bool = True,
    levels: Sequence[Level] | None = None,
    size: int | None = None,
    style_size: int | None = None,
    style_scale: float = 1.0,
    transform: Transform = "transport",
    method: Method = "auto",
    tile: int | Literal["auto"] = "auto",
    max_memory: int = MAX_MEMORY,
    refine: int = 0,
    refine_with: str | PathLike[str] | None = None,
    trace: Trace | None = None,
) -> AnyPicture:
    """Return the content in the style, with a model loaded for this one call.

    For more than one picture keep a `Stylizer`, whose arguments `model`, `device` and `dtype` are; the others are
    those of `Stylizer.stylize`.
    """
    return Stylizer(model, device=device, dtype=dtype).stylize(
        content,
        style,
        alpha=alpha,
        weights=weights,
        regions=regions,
        keep=keep,
        preserve_color=preserve_color,
        detail=detail,
        strokes=strokes,
        seed_flats=seed_flats,
        levels=levels,
        size=size,
        style_size=style_size,
        style_scale=style_scale,
        transform=transform,
        method=method,
        tile=tile,
        max_memory=max_memory,
        refine=refine,
        refine_with=refine_with,
        trace=trace,
    )
