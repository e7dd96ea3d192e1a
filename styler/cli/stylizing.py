"""Write a stylized picture or a contact sheet, for `styler transfer` and `styler replay`.

`settings` are the arguments of `Stylizer.stylize`, `loading` those of `Stylizer`.
"""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import typer
from rich.console import Console

from styler.choices import Level
from styler.cli.plain_output import collected_warnings
from styler.cli.refinement_output import RefinementOutput
from styler.cli.transfer_progress import TransferProgress
from styler.errors import StylerError

if TYPE_CHECKING:
    from styler.images import Picture


def write_picture(
    content: Path,
    styles: Sequence[Path],
    out: Path,
    settings: dict[str, Any],
    loading: dict[str, Any],
    console: Console,
    *,
    max_pixels: int,
    metadata: Literal["keep", "strip"] = "keep",
    overwrite: bool = False,
    page: int | None = None,
    preview: Path | None = None,
) -> dict[str, Any]:
    """Write the stylized picture, report it, and return a summary, in which sizes are [width, height]."""
    from styler.images import Picture, resized_size
    from styler.images.format_limits import check_size
    from styler.transfer.stylizer import Stylizer
    from styler.transfer.trace import Trace
    from styler.transfer.whitening import root_precision

    start, piped = time.perf_counter(), str(out) == "-"
    with collected_warnings() as notes, console.status("starting …", spinner_style="cyan") as status:
        progress, refinement = TransferProgress(console, status), RefinementOutput(console, status, preview)
        trace = Trace(advance=progress.advance, watch=refinement.watch)
        trace.announce = lambda stage: (progress.stage(stage), refinement.stage(stage))
        with trace.stage("load"):
            picture = Picture.open(file_or_stdin(content), max_pixels=max_pixels, page=page)
            height, width = picture.size if settings["size"] is None else resized_size(*picture.size, settings["size"])
            bytes_per_pixel = (3 + (picture.alpha is not None)) * (picture.depth // 8)
            check_size(".png" if piped else out.suffix, height, width, bytes_per_pixel=bytes_per_pixel)
            stylizer = Stylizer(**loading)  # after decoding, whose memory is then free again
        given, refinement.picture = [file_or_stdin(path) for path in styles] or None, picture
        with refinement.interruptible():
            result = stylizer.stylize(picture, given, **settings, trace=trace)
        with trace.stage("save"):
            kept_alpha = save_result(result, out, overwrite=overwrite, metadata=metadata)
    seconds, (height, width) = time.perf_counter() - start, result.size
    if trace.interrupted:
        console.print("interrupted: the picture is the best one so far, and can't be replayed", highlight=False)
    given = [*(mask for mask, _ in settings["regions"]), *([settings["keep"]] if settings["keep"] else [])]
    print_result(result, out, seconds, console, notes, zip(given, trace.masks, strict=True), kept_alpha)
    return {
        "out": str(out),
        "content_size": list(picture.size[::-1]),
        "size": [width, height],
        "engine": "torch",
        "model": stylizer.model.name,
        "device": str(trace.device),
        "dtype": str(stylizer.dtype).removeprefix("torch."),
        "seconds": {name: round(value, 4) for name, value in trace.seconds.items()} | {"total": round(seconds, 4)},
        "alpha": strengths_by_level(settings["alpha"], stylizer.cascade_levels(settings["levels"])),
        "roots": {
            "method": settings["method"],
            "dtype": str(root_precision(trace.device)).removeprefix("torch."),
            "residual": trace.root_residual,
            "maps": len(trace.maps),
            "fell_back": trace.num_fallbacks,
        },
        "notes": [str(note) for note in notes],
        **({"interrupted": trace.interrupted} if settings.get("refine") else {}),
    }


def check_writable(out: Path, *, overwrite: bool) -> None:
    """Raise before the work if the picture can't be written there; - is standard output, if that is no terminal."""
    from styler.images import writable_format

    if str(out) != "-":
        writable_format(out, overwrite=overwrite)
    elif sys.stdout is not None and sys.stdout.isatty():
        raise typer.BadParameter("-o - writes a picture to standard output: redirect it, e.g. -o - > result.png")


def save_result(result: "Picture", out: Path, *, overwrite: bool, metadata: Literal["keep", "strip"]) -> bool:
    """Write the picture, to standard output as PNG, and return whether its alpha was written too."""
    target, format = (standard_output(), "png") if str(out) == "-" else (out, None)
    return result.save(target, format=format, overwrite=overwrite, metadata=metadata)


def print_result(
    result: "Picture",
    out: Path,
    seconds: float,
    console: Console,
    notes: Iterable[object],
    masks: Iterable[tuple[object, str]],
    kept_alpha: bool,
) -> None:
    """Report the warnings, what each mask was taken from, and what was written."""
    for note in notes:
        console.print(f"warning: {note}", highlight=False)
    for path, used in masks:
        console.print(f"{path}: the mask is its {used}", highlight=False)
    if result.alpha is not None and not kept_alpha:
        console.print(f"{out}: JPEG has no transparency, transparent areas are blended with white")
    (height, width), name = result.size, "the picture" if str(out) == "-" else out
    console.print(f"wrote {name} ({width}×{height}, {seconds:.1f} s)", highlight=False)


def strengths_by_level(alpha: float | Mapping[Level, float], levels: Sequence[Level]) -> dict[Level, float]:
    """Return the strength at each level; 1 for those that are not named."""
    return {level: alpha.get(level, 1.0) if isinstance(alpha, Mapping) else alpha for level in levels}


def print_summary(summary: Mapping[str, Any], console: Console) -> None:
    """Print seconds by stage, strengths by level, and how matrix roots were computed."""
    roots, device = summary["roots"], f"{summary['model']} on {summary['device']} in {summary['dtype']}"
    lines = [
        f"model: {device}",
        "seconds: " + ", ".join(f"{stage} {seconds:.3f}" for stage, seconds in summary["seconds"].items()),
        "strength: " + ", ".join(f"{level} {strength:g}" for level, strength in summary["alpha"].items()),
    ]
    if roots is not None:
        lines.append(
            f"matrix roots: {roots['method']} in {roots['dtype']}, relative residual {roots['residual']:.1e}, "
            f"{roots['fell_back']} of {roots['maps']} fell back to eigh"
        )
    for line in lines:
        console.print(line, highlight=False)


def write_sheet(
    content: Path,
    styles: Sequence[Path],
    out: Path,
    settings: dict[str, Any],
    loading: dict[str, Any],
    console: Console,
    *,
    max_pixels: int,
    overwrite: bool = False,
    **_: object,
) -> dict[str, object]:
    """Write a contact sheet, report it, and return its size as [width, height]; see `write_picture`."""
    from styler.images import Picture
    from styler.images.contact_sheet import SIZE, contact_sheet
    from styler.transfer.stylizer import Stylizer

    with console.status("starting …", spinner_style="cyan"):
        picture, stylizer = Picture.open(file_or_stdin(content), max_pixels=max_pixels), Stylizer(**loading)
        given = [
            Picture.open(file_or_stdin(path)) if str(path) == "-" else path for path in styles
        ]  # a pipe can be read once
        size = settings["size"] or max(picture.size)
        small: dict[str, Any] = settings | {"size": min(SIZE, size)}
        if settings["style_size"] is not None:  # strokes in the same proportion as in the full-size result
            small["style_size"] = max(1, round(settings["style_size"] * small["size"] / size))

        def at(alpha: float, levels: Sequence[Any]) -> Picture:
            options: dict[str, Any] = small | {"alpha": alpha, "levels": levels}
            return stylizer.stylize(picture, given or None, **options)

        sheet = contact_sheet(at, stylizer.cascade_levels(settings["levels"]), known=stylizer.model.levels)
        sheet.save(out, overwrite=overwrite)
    console.print(f"wrote {out}: strengths from left to right, levels from top to bottom", highlight=False)
    return {"out": str(out), "size": list(sheet.size[::-1])}


def file_or_stdin(path: Path) -> Path | BinaryIO:
    """Return the path, or the stream of standard input for -.

    Raises:
        StylerError: If standard input is closed, or the path is an address on the web.
    """
    scheme, _, rest = str(path).partition(":/")
    if scheme.lower() in ("http", "https", "ftp"):  # as a path, its two slashes have become one
        address = f"{scheme}://{rest.lstrip('/')}"
        raise StylerError(f"{address} is an address on the web", "download the picture first, and name the file")
    if str(path) != "-":
        return path
    if sys.stdin is None:
        raise StylerError("standard input is closed", "pipe a picture into styler, or name a file instead of -")
    return sys.stdin.buffer


def standard_output() -> BinaryIO:
    """Return the stream of standard output.

    Raises:
        StylerError: If it is closed.
    """
    if sys.stdout is None:
        raise StylerError("standard output is closed", "redirect it to a file, or name a file instead of -")
    return sys.stdout.buffer
