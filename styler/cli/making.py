"""Making a picture, or a sheet of them, and saying so: what `styler transfer` and `styler replay` have in common.

`settings` are the arguments of `Stylizer.stylize`, `place` those of `Stylizer`.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

from rich.console import Console

if TYPE_CHECKING:
    from torch import Tensor

    from styler.images.metadata import Metadata
    from styler.images.picture import Picture
    from styler.trace import Trace
    from styler.transfer import AnyStyle, Stylizer


def make_picture(
    content: Path,
    styles: Sequence[Path],
    out: Path,
    settings: dict[str, Any],
    place: dict[str, str],
    words: Console,
    *,
    max_pixels: int,
    metadata: Literal["keep", "strip"] = "keep",
    overwrite: bool = False,
) -> dict[str, object]:
    """Write the stylized picture, say so, and return what was done: sizes are [width, height]."""
    from styler.images import save_image
    from styler.pixels import resize_to

    start = time.perf_counter()
    with words.status("starting …", spinner_style="cyan") as status:
        picture, stylizer, trace = opened_content(content, place, lambda stage: status.update(f"{stage} …"), max_pixels)
        image = stylized(stylizer, picture, [opened(path) for path in styles], settings, trace)
        with trace.stage("save"):
            size = (image.shape[-2], image.shape[-1])
            transparency = None if picture.alpha is None else resize_to(picture.alpha, size)
            piped = str(out) == "-"
            kept = save_image(
                image,
                sys.stdout.buffer if piped else out,
                alpha=transparency,
                metadata=None if metadata == "strip" else recorded(picture, content, styles, stylizer, settings),
                format="png" if piped else None,
                overwrite=overwrite,
                depth=picture.depth,
            )
    seconds = time.perf_counter() - start
    for note in trace.notes:
        words.print(note, highlight=False)
    if transparency is not None and not kept:
        words.print(f"{out}: JPEG holds no transparency, so the picture lies on white")
    words.print(f"wrote {'the picture' if piped else out} ({size[1]}×{size[0]}, {seconds:.1f} s)", highlight=False)
    return {
        "out": str(out),
        "content_size": list(picture.samples.shape[:-3:-1]),
        "size": list(image.shape[:-3:-1]),
        "model": stylizer.model.name,
        "device": str(stylizer.device),
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
    place: dict[str, str],
    words: Console,
    *,
    max_pixels: int,
    overwrite: bool = False,
    **_: object,
) -> dict[str, object]:
    """Write a contact sheet, say so, and return its size as [width, height]; see `make_picture`."""
    from styler.contact_sheet import SIZE, contact_sheet
    from styler.images import load_image, save_image

    with words.status("starting …", spinner_style="cyan"):
        picture, stylizer, trace = opened_content(content, place, lambda stage: None, max_pixels)
        given = [load_image(opened(path)).samples if str(path) == "-" else path for path in styles]  # a pipe ends
        size = settings["size"] or max(picture.samples.shape[-2:])
        small = settings | {"size": min(SIZE, size)}
        if settings["style_size"] is not None:  # strokes as large beside the picture as they will be
            small["style_size"] = max(1, round(settings["style_size"] * small["size"] / size))

        def at(alpha: float, levels: Sequence[Any]) -> "Tensor":
            return stylized(stylizer, picture, given, small | {"alpha": alpha, "levels": levels}, trace)

        image = contact_sheet(at, stylizer.cascade_levels(settings["levels"]))
        save_image(image, out, overwrite=overwrite)
    words.print(f"wrote {out}: strengths across, levels down", highlight=False)
    return {"out": str(out), "size": list(image.shape[:-3:-1])}


def opened_content(
    content: Path, place: dict[str, str], announce: Callable[[str], None], max_pixels: int
) -> tuple["Picture", "Stylizer", "Trace"]:
    """Return the photograph, the model, and a trace that has the seconds of both."""
    from styler.allocator import keep_freed_memory
    from styler.images import load_image
    from styler.trace import Trace
    from styler.transfer import Stylizer

    trace = Trace(announce=announce)
    with trace.stage("load"):
        picture = load_image(opened(content), max_pixels=max_pixels)
        keep_freed_memory()  # from here on: what it took to decode a large picture goes back first
        stylizer = Stylizer(**place)
    trace.device = stylizer.device
    return picture, stylizer, trace


def stylized(
    stylizer: "Stylizer", picture: "Picture", styles: "Sequence[AnyStyle]", settings: dict[str, Any], trace: "Trace"
) -> "Tensor":
    """Return the picture in the styles, `(1, 3, H, W)`, as fine as its samples."""
    return cast("Tensor", stylizer.stylize(picture.samples, styles or None, **settings, trace=trace))


def recorded(
    picture: "Picture", content: Path, styles: Sequence[Path], stylizer: "Stylizer", settings: dict[str, Any]
) -> "Metadata":
    """Return the content's metadata, with what it takes to make the picture again, unless it came from a pipe."""
    from styler.provenance import record_of

    if "-" in (str(path) for path in (content, *styles)):
        return replace(picture.metadata, settings=None)
    return replace(picture.metadata, settings=json.dumps(record_of(content, styles, stylizer, settings)))


def opened(path: Path) -> Path | BinaryIO:
    """Return the path, or standard input for -."""
    return sys.stdin.buffer if str(path) == "-" else path
