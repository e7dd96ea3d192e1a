"""Makes a picture, or a contact sheet of them, and says so: what `styler transfer` and `styler replay` share.

`settings` are the arguments of `Stylizer.stylize`, `place` those of `Stylizer`.
"""

import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

from rich.console import Console

from styler.choices import FORMATS
from styler.errors import StylerWarning


def make_picture(
    content: Path,
    styles: Sequence[Path],
    out: Path,
    settings: dict[str, Any],
    place: dict[str, Any],
    words: Console,
    *,
    max_pixels: int,
    metadata: Literal["keep", "strip"] = "keep",
    overwrite: bool = False,
) -> dict[str, object]:
    """Write the stylized picture, say so, and return what was done: sizes are [width, height]."""
    from styler.images import Picture, check_size
    from styler.transfer.stylizer import Stylizer
    from styler.transfer.trace import Trace

    start, piped = time.perf_counter(), str(out) == "-"
    warnings.simplefilter("ignore", StylerWarning)  # they are printed below, when nothing else is on the line
    with words.status("starting …", spinner_style="cyan") as status:
        trace = Trace(announce=lambda stage: status.update(f"{stage} …"))
        with trace.stage("load"):
            picture = Picture.open(opened(content), max_pixels=max_pixels)
            scale = (settings["size"] or max(picture.size)) / max(picture.size)
            check_size("PNG" if piped else FORMATS[out.suffix.lower()], *(round(x * scale) for x in picture.size[::-1]))
            stylizer = Stylizer(**place)  # after a large picture is decoded: what that took is returned first
        result = stylizer.stylize(picture, [opened(path) for path in styles] or None, **settings, trace=trace)
        with trace.stage("save"):
            target, format = (sys.stdout.buffer, "png") if piped else (out, None)
            kept_alpha = result.save(target, format=format, overwrite=overwrite, metadata=metadata)
    seconds, (height, width) = time.perf_counter() - start, result.size
    for note in trace.notes:
        words.print(f"warning: {note}", highlight=False)
    if result.alpha is not None and not kept_alpha:
        words.print(f"{out}: JPEG has no transparency, so the picture is laid on white")
    words.print(f"wrote {'the picture' if piped else out} ({width}×{height}, {seconds:.1f} s)", highlight=False)
    return {
        "out": str(out),
        "content_size": list(picture.size[::-1]),
        "size": [width, height],
        "model": stylizer.model.name,
        "device": str(trace.device),
        "dtype": str(stylizer.dtype).removeprefix("torch."),
        "seconds": {name: round(value, 4) for name, value in trace.seconds.items()} | {"total": round(seconds, 4)},
        "root_residual": trace.root_residual,
        "notes": trace.notes,
    }


def make_sheet(
    content: Path,
    styles: Sequence[Path],
    out: Path,
    settings: dict[str, Any],
    place: dict[str, Any],
    words: Console,
    *,
    max_pixels: int,
    overwrite: bool = False,
    **_: object,
) -> dict[str, object]:
    """Write a contact sheet, say so, and return its size as [width, height]; see `make_picture`."""
    from styler.images import Picture
    from styler.images.contact_sheet import SIZE, contact_sheet
    from styler.transfer.stylizer import Stylizer

    with words.status("starting …", spinner_style="cyan"):
        picture, stylizer = Picture.open(opened(content), max_pixels=max_pixels), Stylizer(**place)
        given = [Picture.open(opened(path)) if str(path) == "-" else path for path in styles]  # a pipe ends
        size = settings["size"] or max(picture.size)
        small: dict[str, Any] = settings | {"size": min(SIZE, size)}
        if settings["style_size"] is not None:  # strokes as large beside the picture as they will be
            small["style_size"] = max(1, round(settings["style_size"] * small["size"] / size))

        def at(alpha: float, levels: Sequence[Any]) -> Picture:
            options: dict[str, Any] = small | {"alpha": alpha, "levels": levels}
            return stylizer.stylize(picture, given or None, **options)

        sheet = contact_sheet(at, stylizer.cascade_levels(settings["levels"]))
        sheet.save(out, overwrite=overwrite)
    words.print(f"wrote {out}: strengths across, levels down", highlight=False)
    return {"out": str(out), "size": list(sheet.size[::-1])}


def opened(path: Path) -> Path | BinaryIO:
    """Return the path, or standard input for -."""
    return sys.stdin.buffer if str(path) == "-" else path
