"""`styler replay`: a picture made again from what is recorded in it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from styler.choices import MAX_PIXELS
from styler.cli.options import MaxPixelsOption
from styler.cli.stylizing import make_picture
from styler.errors import StylerError
from styler.process import garbage_collection_paused


def replay(
    picture: Annotated[Path, typer.Argument(help="A picture that styler has made.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write it.", show_default="PICTURE-replay")
    ] = None,
    max_pixels: MaxPixelsOption = MAX_PIXELS,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Make a picture again, from the inputs and settings recorded in it: the same to the bit on the same machine."""
    with garbage_collection_paused("torch"):
        from styler.images import Picture, writable_format
        from styler.transfer.record import read_record

    before = Picture.open(picture, max_pixels=max_pixels)
    out = picture.with_name(f"{picture.stem}-replay{picture.suffix}") if out is None else out
    record = read_record(picture, before.metadata.settings, max(before.size))
    writable_format(out, overwrite=overwrite)
    words = Console(stderr=True, soft_wrap=True, markup=False, emoji=False, quiet=quiet)
    content, *styles = (found(entry, picture.parent) for entry in [record["content"], *record["styles"]])
    others = {entry["path"]: str(found(entry, picture.parent)) for entry in record["others"]}
    settings = relocated(record["settings"], others)
    place = {"model": checked_model(record["model"]), "device": record["device"], "dtype": record["dtype"]}
    for name, now in versions().items():
        if record[name] != now:
            words.print(f"made with {name} {record[name]}, now with {now}: it may differ a little", highlight=False)
    make_picture(content, styles, out, settings, place, words, max_pixels=max_pixels, overwrite=overwrite)
    after = Picture.open(out, max_pixels=max_pixels).samples
    same = before.samples.dtype == after.dtype and before.samples.equal(after)
    words.print("the same to the bit" if same else f"not the same to the bit as {picture}", highlight=False)


def found(entry: dict[str, str], folder: Path) -> Path:
    """Return a recorded file where it was, or beside the picture, unchanged.

    Raises:
        StylerError: If it is gone, has changed, or can't be read.
    """
    from styler.transfer.record import file_hash

    path = Path(entry["path"])
    try:
        places = [place for place in (path, folder / path, folder / path.name) if place.is_file()]
        for place in places:
            if file_hash(place) == entry["sha256"]:
                return place
    except OSError as error:
        raise StylerError(f"cannot read {path}: {error.strerror}", "check the name, and who may read it") from error
    if not places:
        raise StylerError(f"no such file: {path}", f"put it back, or beside the picture in {folder}")
    raise StylerError(f"{places[0]} is not what it was when the picture was made", "put the old one back")


def checked_model(entry: dict[str, str]) -> str:
    """Return the name of the model, if it is the one that made the picture.

    Raises:
        StylerError: If it is missing, another one, or can't be read.
    """
    from styler.model.catalog import find_model
    from styler.transfer.record import file_hash

    try:
        path = find_model(entry["path"] or entry["name"])
        same = file_hash(path) == entry["sha256"]
    except OSError as error:
        what = f"cannot read the model {entry['name']!r}: {error.strerror}"
        raise StylerError(what, "check the name, and who may read it") from error
    if not same:
        raise StylerError(f"the picture was made with another model {entry['name']!r}", "get that version of styler")
    return str(path)


def relocated(settings: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    """Return settings whose masks and styles are where they were found."""
    regions = [[places.get(name, name) for name in pair] for pair in settings.get("regions") or []]
    keep = settings.get("keep")
    return settings | {"regions": regions, "keep": places.get(keep, keep)}


def versions() -> dict[str, str]:
    """Return the versions that a result may depend on."""
    import torch

    import styler

    return {"styler": styler.__version__, "torch": torch.__version__}
