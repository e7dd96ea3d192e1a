"""The record of how a picture was made, written into it and read back: names and hashes of its inputs, settings.

Folders are left out: a picture that is passed on must not say where its sources are kept.

Anyone can write such a text into a picture, so it is checked as it is read.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch

import styler
from styler.choices import MAX_SIZE
from styler.errors import StylerError
from styler.files import sha256
from styler.images.picture import Picture
from styler.model.catalog import models_folder
from styler.model.weights import Model
from styler.transfer.arguments import CHECKS, is_list, is_whole

Record = dict[str, Any]


class FileFacts(NamedTuple):
    """Name and SHA-256 of a file that need not be on this disk."""

    name: str
    sha256: str


CONTROLS = re.compile(r"[\0-\x1f\x7f]")
"""What no recorded text has: a terminal would obey it, and no path has a NUL."""

RENAMED = {"colors": "preserve_color"}
"""Settings that had other names until 0.1."""


def settings_record(
    content: Picture, styles: Sequence[object], model: Model, settings: Mapping[str, Any]
) -> str | None:
    """Return the record of a stylized picture as JSON, or None unless all its inputs are files.

    Args:
        content: What was stylized.
        styles: What it was given the style of.
        model: What did it, on its device and in its precision.
        settings: The keyword arguments of `Stylizer.stylize`.

    Raises:
        StylerError: If a file can no longer be read.
    """
    named = [*styles, *(one for pair in settings["regions"] for one in pair), settings["keep"]]
    if content.source is None or not all(isinstance(one, str | os.PathLike) for one in named if one is not None):
        return None
    paths: dict[str, Any] = {"regions": [[os.fspath(one) for one in pair] for pair in settings["regions"]]}
    paths |= {"keep": None if settings["keep"] is None else os.fspath(settings["keep"])}
    try:
        record = record_of(content.source, [Path(str(one)) for one in styles], model, dict(settings) | paths)
    except OSError as error:
        what = f"cannot read {error.filename}: {error.strerror}"
        raise StylerError(what, "check the name, and who may read it") from error
    if content.page is not None:
        record["content"]["page"] = content.page
    return json.dumps(record)


def record_of(
    content: Path | FileFacts,
    styles: Sequence[Path | FileFacts],
    model: Model,
    settings: dict[str, Any],
    *,
    others: Sequence[Path | FileFacts] | None = None,
) -> Record:
    """Return what it takes to make a picture again, ready for JSON; files in the settings are named by strings.

    Args:
        content: What was stylized.
        styles: What it was given the style of.
        model: What did it.
        settings: The keyword arguments of `Stylizer.stylize`.
        others: Files named in the settings, in the order of `others_in`; read from the disk by default.

    Raises:
        OSError: If a file can't be read.
    """
    return {
        "styler": styler.__version__,
        "torch": torch.__version__,
        "content": _file(content),
        "styles": [_file(style) for style in styles],
        "others": [_file(other) for other in (others_in(settings) if others is None else others)],
        "model": _model(model),
        "device": str(model.device),
        "dtype": str(model.dtype).removeprefix("torch."),
        "settings": without_folders(settings),
    }


def _model(model: Model) -> dict[str, str | None]:
    if model.path is None:
        return {"name": model.name, "path": None, "sha256": None}
    shipped = model.path.parent == models_folder()
    return {"name": model.name, "path": None if shipped else model.path.name, "sha256": file_hash(model.path)}


def others_in(settings: Mapping[str, Any]) -> list[Path]:
    """Return the files that are named in settings: masks and the styles of their regions."""
    named = [name for pair in settings.get("regions") or [] for name in pair]
    return [Path(name) for name in [*named, *([settings["keep"]] if settings.get("keep") else [])]]


def without_folders(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with the names of masks and styles instead of their paths."""
    found = dict(settings)
    if found.get("regions"):
        found["regions"] = [[Path(name).name for name in pair] for pair in found["regions"]]
    if found.get("keep"):
        found["keep"] = Path(found["keep"]).name
    return found


def _file(path: Path | FileFacts) -> dict[str, str]:
    if isinstance(path, FileFacts):
        return path._asdict()
    return {"name": path.name, "sha256": file_hash(path)}


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, cached for as long as the file stays unchanged."""
    status = path.stat()
    return _hash_of_state(path, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _hash_of_state(path: Path, *state: int) -> str:
    return sha256(path)


def read_record(picture: Path, text: str | None, longest: int) -> Record:
    """Return what is recorded in a picture whose longer side has `longest` pixels.

    Raises:
        StylerError: If there is no record, or it can't be understood.
    """
    if text is None:
        what = f"{picture} has no record of how it was made"
        todo = "it was made with --metadata strip, from a pipe or by another program: make it with styler transfer"
        raise StylerError(what, todo)
    try:
        record = json.loads(text)
        record["settings"] = {RENAMED.get(name, name): value for name, value in record["settings"].items()}
        record["settings"].setdefault("seed_flats", False)  # until 0.2 there were no seeds
        for entry in (record["content"], *record["styles"], *record["others"]):
            if "path" in entry:  # until 0.1
                entry["name"] = entry.pop("path")
        whole = is_whole_record(record) and record["settings"].get("size") in (None, longest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise StylerError(f"{picture} was made by another version of styler", "make it again with styler transfer")
    return record


def is_whole_record(record: Record) -> bool:
    """Return whether a record can be one of `record_of`; in any other, parts may be missing or of a wrong type."""
    styles, model, settings = record["styles"], record["model"], record["settings"]
    files = [record["content"], *styles, *record["others"]]
    texts = [record[name] for name in ("styler", "torch", "device", "dtype")]
    texts += [
        record.get("onnxruntime", ""),
        model["name"],
        model["sha256"],
        *([model["path"]] if model["path"] is not None else []),
    ]
    texts += [entry[key] for entry in files for key in ("name", "sha256")]
    if not all(isinstance(text, str) and not CONTROLS.search(text) for text in texts):
        return False
    if not is_whole(record["content"].get("page", 1), 1, MAX_SIZE):
        return False
    if not all(is_right(name, value) for name, value in settings.items()):
        return False
    weights = settings.get("weights")
    named = list(map(str, others_in(settings)))  # in this order
    hashed = [entry["name"] for entry in record["others"]][: len(named)] == named
    return hashed and bool(styles or settings.get("regions")) and (weights is None or len(weights) == len(styles))


def is_right(name: str, value: object) -> bool:
    """Return whether a setting from JSON can be one; masks and styles are paths there."""
    if name == "keep":
        return value is None or isinstance(value, str)
    if name == "regions" and not (value == [] or is_list(value, lambda pair: is_list(pair, is_text))):
        return False
    return CHECKS[name][0](value)


def is_text(value: object) -> bool:
    """Return whether a value is a string."""
    return isinstance(value, str)
