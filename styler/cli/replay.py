"""`styler replay`: recreate a picture from the record in its metadata."""

import glob
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from styler.choices import MAX_PIXELS, TransferEngine
from styler.cli.console import message_console
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.light_stylizing import write_light_picture
from styler.cli.options import MaxPixelsOption, OverwriteOption, QuietOption
from styler.cli.stylizing import write_picture
from styler.errors import StylerError
from styler.process import garbage_collection_paused

EXAMPLES = examples("styler replay result.png", "styler replay result.png --out again.png --overwrite")

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def replay(
    picture: Annotated[Path, typer.Argument(help="Picture made by styler.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Output file.", show_default="PICTURE-replay", rich_help_panel="Output"),
    ] = None,
    content: Annotated[
        Path | None,
        typer.Option(help="The photograph, if its name or folder has changed.", rich_help_panel="Input"),
    ] = None,
    style: Annotated[
        list[Path] | None,
        typer.Option(help="A style whose name or folder has changed. Repeatable.", rich_help_panel="Input"),
    ] = None,
    mask: Annotated[
        list[Path] | None,
        typer.Option(help="A mask whose name or folder has changed. Repeatable.", rich_help_panel="Input"),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="The --keep mask, if its name or folder has changed.", rich_help_panel="Input")
    ] = None,
    refine_with: Annotated[
        Path | None,
        typer.Option(help="The loss network's file, if its name or folder has changed.", rich_help_panel="Input"),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="The model, if it has moved.", rich_help_panel="Input")
    ] = None,
    max_pixels: MaxPixelsOption = MAX_PIXELS,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Recreate a picture from the settings stored in it.

    The photograph and the styles are found by name in the picture's folder or in the current one, and checked by
    their hash. The result is compared with the picture; on the same machine both are identical, bit for bit.
    """
    with garbage_collection_paused("torch"):
        from styler.images import Picture, writable_format
        from styler.transfer.record import read_record

    before = Picture.open(picture, max_pixels=max_pixels)
    out = picture.with_name(f"{picture.stem}-replay{picture.suffix}") if out is None else out
    record = read_record(picture, before.metadata.settings, max(before.size))
    writable_format(out, overwrite=overwrite)
    console = message_console(quiet=quiet)
    given = [*(style or []), *(mask or []), *(path for path in (keep, refine_with) if path)]
    source = located(record["content"], picture, [content] if content else [], "--content")
    styles = [located(entry, picture, given, "--style") for entry in record["styles"]]
    others = [
        str(located(entry, picture, given, "--mask, --style, --keep or --refine-with")) for entry in record["others"]
    ]
    settings = relocated(record["settings"], others)
    loading = {
        "model": checked_model(record["model"], picture.parent, model),
        "device": record["device"],
        "dtype": record["dtype"],
    }
    engine: TransferEngine = "onnx" if record.get("engine") == "onnx" else "torch"
    for name, now in versions(engine).items():
        if record[name] != now:
            console.print(
                f"made with {name} {record[name]}, running {now}: the result may differ slightly", highlight=False
            )
    files: dict[str, Any] = {"max_pixels": max_pixels, "overwrite": overwrite, "page": record["content"].get("page")}
    task = (source, styles, out, settings, loading, console)
    if settings.pop("photo", False):
        from styler.cli.photo_output import write_graded, write_photo
        from styler.photo.cube_file import is_cube

        how = {name: settings[name] for name in ("alpha", "weights", "regions", "keep", "size")}
        if styles and is_cube(styles[0]):
            write_graded(source, styles[0], out, how, console, **files)
        else:
            write_photo(source, styles, out, how, loading, console, **files)
    elif write_light_picture(*task, engine=engine, **files) is None:
        write_picture(*task, **files)
    after = Picture.open(out, max_pixels=max_pixels).samples
    same = before.samples.dtype == after.dtype and before.samples.equal(after)
    console.print("identical, bit for bit" if same else f"not identical to {picture}", highlight=False)


def located(entry: dict[str, str], picture: Path, given: Sequence[Path], option: str) -> Path:
    """Return the path of a recorded file: one that was given, or its name in the picture's or the current folder.

    Args:
        entry: Its name (until 0.1 its path) and its hash, by which a given file is recognised.
        picture: The picture that was made.
        given: Files named on the command line.
        option: What to name it with.

    Raises:
        StylerError: If it is missing, has changed, or can't be read.
    """
    from styler.model.style_catalog import styles_folder
    from styler.transfer.input_record import file_hash

    path, folder = Path(entry["name"]), picture.parent
    try:
        candidates = (*given, path, folder / path, folder / path.name, Path(path.name))
        candidates += tuple(styles_folder().glob(f"*/{glob.escape(path.name)}"))
        places = [place for place in candidates if place.is_file()]
        for place in places:
            if file_hash(place) == entry["sha256"]:
                return place
    except OSError as error:
        raise StylerError(f"cannot read {path}: {error.strerror}", "check the name and the permissions") from error
    found = [place for place in places if place not in given and not place.samefile(picture)]
    if not found:
        raise StylerError(f"no such file: {path}", f"copy it into the picture's folder, {folder}, or use {option}")
    raise StylerError(f"{found[0]} has changed since the picture was made", f"restore it, or use {option}")


def checked_model(entry: dict[str, Any], folder: Path, given: Path | None) -> str:
    """Return the path of the model that made the picture.

    Raises:
        StylerError: If it is missing, differs, or can't be read.
    """
    from styler.model.catalog import earlier_model, find_model
    from styler.transfer.input_record import file_hash

    try:
        if entry["path"] and given is None:
            recorded = Path(entry["path"])
            candidates = (recorded, folder / recorded.name, Path(recorded.name))
            given = next((path for path in candidates if path.is_file()), recorded)
        path = find_model(entry["name"] if given is None else given)
        if given is None and file_hash(path) != entry["sha256"]:
            path = earlier_model(entry["sha256"] or "") or path
        same = file_hash(path) == entry["sha256"]
    except OSError as error:
        what = f"cannot read the model {entry['name']!r}: {error.strerror}"
        raise StylerError(what, "check the name and the permissions") from error
    if not same:
        digits = (entry["sha256"] or "")[:8]
        what = f"the picture was made with another model {entry['name']!r}, whose SHA-256 begins with {digits}"
        raise StylerError(what, "install the version of styler that made it, or use --model")
    return str(path)


def relocated(settings: dict[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """Return the settings with the current paths of masks, styles and the loss network, in the order of `others_in`."""
    from styler.transfer.input_record import refining_file

    left = iter(paths)
    regions = [[next(left) for _ in pair] for pair in settings.get("regions") or []]
    found = settings | {"regions": regions, "keep": next(left) if settings.get("keep") else None}
    return found | {"refine_with": next(left)} if refining_file(settings) else found


def versions(engine: TransferEngine) -> dict[str, str]:
    """Return the versions that affect the result."""
    import styler

    name = "onnxruntime" if engine == "onnx" else "torch"
    library = import_module(name) if find_spec(name) else None
    return {"styler": styler.__version__, name: getattr(library, "__version__", "none")}
