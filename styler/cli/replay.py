"""`styler replay`: recreate a picture from the record in its metadata."""

from pathlib import Path
from typing import Annotated, Any

import typer

from styler.choices import MAX_PIXELS
from styler.cli.console import message_console
from styler.cli.help_pages import HelpPage, examples, make_app
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
    max_pixels: MaxPixelsOption = MAX_PIXELS,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Recreate a picture from the settings stored in it.

    The result is compared with the picture; on the same machine both are identical, bit for bit.
    """
    with garbage_collection_paused("torch"):
        from styler.images import Picture, writable_format
        from styler.transfer.record import read_record

    before = Picture.open(picture, max_pixels=max_pixels)
    out = picture.with_name(f"{picture.stem}-replay{picture.suffix}") if out is None else out
    record = read_record(picture, before.metadata.settings, max(before.size))
    writable_format(out, overwrite=overwrite)
    console = message_console(quiet=quiet)
    content, *styles = (located(entry, picture.parent) for entry in [record["content"], *record["styles"]])
    others = {entry["path"]: str(located(entry, picture.parent)) for entry in record["others"]}
    settings = relocated(record["settings"], others)
    loading = {"model": checked_model(record["model"]), "device": record["device"], "dtype": record["dtype"]}
    for name, now in versions().items():
        if record[name] != now:
            console.print(
                f"made with {name} {record[name]}, running {now}: the result may differ slightly", highlight=False
            )
    write_picture(content, styles, out, settings, loading, console, max_pixels=max_pixels, overwrite=overwrite)
    after = Picture.open(out, max_pixels=max_pixels).samples
    same = before.samples.dtype == after.dtype and before.samples.equal(after)
    console.print("identical, bit for bit" if same else f"not identical to {picture}", highlight=False)


def located(entry: dict[str, str], folder: Path) -> Path:
    """Return the path of a recorded file: the recorded path, or the same name in the picture's folder.

    Raises:
        StylerError: If it is missing, has changed, or can't be read.
    """
    from styler.transfer.record import file_hash

    path = Path(entry["path"])
    try:
        places = [place for place in (path, folder / path, folder / path.name) if place.is_file()]
        for place in places:
            if file_hash(place) == entry["sha256"]:
                return place
    except OSError as error:
        raise StylerError(f"cannot read {path}: {error.strerror}", "check the name and the permissions") from error
    if not places:
        raise StylerError(f"no such file: {path}", f"restore it, or copy it into the picture's folder, {folder}")
    raise StylerError(f"{places[0]} has changed since the picture was made", "restore the original file")


def checked_model(entry: dict[str, str]) -> str:
    """Return the path of the model that made the picture.

    Raises:
        StylerError: If it is missing, differs, or can't be read.
    """
    from styler.model.catalog import find_model
    from styler.transfer.record import file_hash

    try:
        path = find_model(entry["path"] or entry["name"])
        same = file_hash(path) == entry["sha256"]
    except OSError as error:
        what = f"cannot read the model {entry['name']!r}: {error.strerror}"
        raise StylerError(what, "check the name and the permissions") from error
    if not same:
        raise StylerError(
            f"the picture was made with another model {entry['name']!r}", "install the version of styler that made it"
        )
    return str(path)


def relocated(settings: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    """Return the settings with the current paths of masks and styles."""
    regions = [[places.get(name, name) for name in pair] for pair in settings.get("regions") or []]
    keep = settings.get("keep")
    return settings | {"regions": regions, "keep": places.get(keep, keep)}


def versions() -> dict[str, str]:
    """Return the versions that affect the result."""
    import torch

    import styler

    return {"styler": styler.__version__, "torch": torch.__version__}
