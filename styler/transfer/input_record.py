"""The files that a picture is made of, by name and hash. Does not import torch."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from styler.choices import DOWNLOADED
from styler.files import sha256
from styler.model.catalog import models_folder


class FileFacts(NamedTuple):
    """Name and SHA-256 of a file that need not be on this disk."""

    name: str
    sha256: str


RENAMED = {"colors": "preserve_color"}
"""Settings that had other names until 0.1."""


def inputs_record(
    content: Path | FileFacts,
    styles: Sequence[Path | FileFacts],
    settings: Mapping[str, Any],
    *,
    others: Sequence[Path | FileFacts] | None = None,
) -> dict[str, Any]:
    """Return the names and hashes of all input files; see `styler.transfer.record.record_of`.

    Raises:
        OSError: If a file can't be read.
    """
    return {
        "content": _file(content),
        "styles": [_file(style) for style in styles],
        "others": [_file(other) for other in (others_in(settings) if others is None else others)],
    }


def model_record(name: str, path: Path | None) -> dict[str, str | None]:
    """Return the record of a model by name and file, None for one that is in memory only.

    Raises:
        OSError: If the file can't be read.
    """
    if path is None:
        return {"name": name, "path": None, "sha256": None}
    return {"name": name, "path": None if path.parent == models_folder() else path.name, "sha256": file_hash(path)}


def others_in(settings: Mapping[str, Any]) -> list[Path]:
    """Return the files that are named in settings: masks, the styles of their regions, the loss network."""
    named = [name for pair in settings.get("regions") or [] for name in pair]
    named += [settings["keep"]] if settings.get("keep") else []
    return [Path(name) for name in [*named, *refining_file(settings)]]


def refining_file(settings: Mapping[str, Any]) -> list[str]:
    """Return the file of the loss network, if it is one; torchvision's has its hash in its own name."""
    name = settings.get("refine_with")
    return [] if name in (None, DOWNLOADED) else [name]


def without_folders(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with the names of masks and styles instead of their paths."""
    found = dict(settings)
    if found.get("regions"):
        found["regions"] = [[Path(name).name for name in pair] for pair in found["regions"]]
    if found.get("keep"):
        found["keep"] = Path(found["keep"]).name
    if found.get("refine_with"):
        found["refine_with"] = Path(found["refine_with"]).name
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
