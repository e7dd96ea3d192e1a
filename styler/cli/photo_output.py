"""Write a photograph with changed colors, for `styler photo` and `styler replay`. Imports torch."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import typer
from rich.console import Console

from styler.cli.plain_output import collected_warnings
from styler.cli.stylizing import check_writable, file_or_stdin, print_result, save_result
from styler.files import exists_error
from styler.images import Picture
from styler.photo.color_table import ColorTable, largest_fall, resampled
from styler.photo.cube_file import CUBE_SUFFIX, is_cube, read_cube, write_cube
from styler.photo.photograph import looked_up_photo, photo_stylized
from styler.photo.table_fitting import VISIBLE
from styler.transfer.stylizer import Stylizer
from styler.transfer.trace import Trace


def write_photo(
    content: Path,
    styles: Sequence[Path],
    out: Path,
    settings: Mapping[str, Any],
    loading: Mapping[str, Any],
    console: Console,
    *,
    max_pixels: int,
    metadata: Literal["keep", "strip"] = "keep",
    overwrite: bool = False,
    page: int | None = None,
    cube: Path | None = None,
    num_points: int = 33,
) -> dict[str, Any]:
    """Write the photograph in the colors of the styles, and the table as a .cube file; report it, return a summary.

    `settings` are the arguments of `photo_stylized`, `loading` those of `Stylizer`.
    """
    check_writable(out, overwrite=overwrite)
    start, trace = time.perf_counter(), Trace()
    with collected_warnings() as notes, console.status("starting …", spinner_style="cyan") as status:
        trace.announce = lambda stage: status.update(f"{stage} …")
        with trace.stage("load"):
            picture = Picture.open(file_or_stdin(content), max_pixels=max_pixels, page=page)
            stylizer = Stylizer(**loading)
        result, grade = photo_stylized(stylizer, picture, list(styles) or None, **settings, trace=trace)
        with trace.stage("save"):
            kept_alpha = save_result(result, out, overwrite=overwrite, metadata=metadata)
        if cube is not None:
            title = f"{', '.join(path.stem for path in styles)} on {content.stem}"
            write_cube(resampled(grade.tables[0], num_points), cube, title=title, overwrite=overwrite)
            warn_of_swapped_greys(grade.tables[0], cube, console)
    masks = [*(mask for mask, _ in settings["regions"]), *([settings["keep"]] if settings["keep"] else [])]
    print_result(
        result, out, time.perf_counter() - start, console, notes, zip(masks, trace.masks, strict=True), kept_alpha
    )
    if cube is not None:
        console.print(f"wrote {cube} ({num_points}³ colors)", highlight=False)
    seconds = {name: round(value, 4) for name, value in trace.seconds.items()}
    facts = {"model": stylizer.model.name, "seconds": seconds, "notes": [str(note) for note in notes]}
    return summary_of(result, out, settings["alpha"]) | facts | ({"cube": str(cube)} if cube else {})


def write_graded(
    content: Path,
    lut: Path,
    out: Path,
    settings: Mapping[str, Any],
    console: Console,
    *,
    max_pixels: int,
    metadata: Literal["keep", "strip"] = "keep",
    overwrite: bool = False,
    page: int | None = None,
) -> dict[str, Any]:
    """Write the photograph with the colors of a .cube file, report it and return a summary."""
    check_writable(out, overwrite=overwrite)
    start, table = time.perf_counter(), read_cube(lut)
    warn_of_swapped_greys(table, lut, console)
    with collected_warnings() as notes, console.status("starting …", spinner_style="cyan"):
        picture = Picture.open(file_or_stdin(content), max_pixels=max_pixels, page=page)
        how = {name: settings[name] for name in ("alpha", "keep", "size")}
        result = looked_up_photo(picture, table, **how)
        kept_alpha = save_result(result, out, overwrite=overwrite, metadata=metadata)
    print_result(result, out, time.perf_counter() - start, console, notes, (), kept_alpha)
    return summary_of(result, out, settings["alpha"]) | {"lut": str(lut), "notes": [str(note) for note in notes]}


def summary_of(result: Picture, out: Path, alpha: float) -> dict[str, Any]:
    """Return what every summary has; the size is [width, height]."""
    return {"out": str(out), "size": list(result.size[::-1]), "alpha": alpha}


def check_cube(path: Path, *, overwrite: bool) -> None:
    """Raise before the work if a .cube file can't be written there."""
    if not is_cube(path):
        raise typer.BadParameter(f"--cube: expected a name that ends in {CUBE_SUFFIX}, got {path}")
    if path.exists() and not overwrite:
        raise exists_error(path)


def warn_of_swapped_greys(table: ColorTable, path: Path, console: Console) -> None:
    """Say so if a grey becomes lighter than a lighter one."""
    fall = largest_fall(table)
    if fall > VISIBLE:
        console.print(f"warning: {path} swaps tones: along the greys luminance falls by {fall:.2f}", highlight=False)
