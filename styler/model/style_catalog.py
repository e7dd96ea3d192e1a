"""The built-in styles: names, credits and files. Does not import torch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from styler.choices import STYLE_SUFFIX
from styler.errors import StylerError
from styler.model.catalog import is_file, models_folder

CATALOG = "catalog.json"


@dataclass(frozen=True)
class BuiltinStyle:
    """A style that is part of the package.

    Attributes:
        name: What it is called on the command line.
        title: Title of the painting.
        painter: Who painted it.
        year: When, as its museum writes it.
        museum: Where the painting is.
        licence: Terms of the picture that the style was computed from.
    """

    name: str
    title: str
    painter: str
    year: str
    museum: str
    licence: str

    @property
    def thumbnail(self) -> Path:
        """A photograph in this style, WebP."""
        return styles_folder() / "thumbnails" / f"{self.name}.webp"

    @property
    def credit(self) -> str:
        """Title, painter, year and museum on one line."""
        return ", ".join(part for part in (self.title, self.painter, self.year, self.museum) if part)


def styles_folder() -> Path:
    """Return the folder of the built-in styles."""
    return models_folder() / "styles"


@lru_cache(maxsize=1)
def _catalog() -> dict:
    path = styles_folder() / CATALOG
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StylerError(f"can't read {path}: {error}", "it is part of styler: install styler again") from error


def builtin_styles() -> list[BuiltinStyle]:
    """Return the built-in styles, sorted by name.

    Raises:
        StylerError: If their list can't be read.
    """
    return [BuiltinStyle(**entry) for entry in _catalog()["styles"]]


def builtin_style(name: str) -> BuiltinStyle:
    """Return a built-in style by name.

    Raises:
        StylerError: If there is none; the message suggests the nearest name.
    """
    found = {style.name: style for style in builtin_styles()}
    if name not in found:
        raise unknown_style(name)
    return found[name]


def unknown_style(name: str) -> StylerError:
    """Return the error for a name that is neither a file nor a built-in style."""
    names = [style.name for style in builtin_styles()]
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    return StylerError(f"no style {name!r}: no such file, nor a built-in style", f"{hint}see all: styler styles")


def is_style_name(style: object) -> bool:
    """Return whether this can only be the name of a built-in style: no file has it, and it has no folder or suffix."""
    if not isinstance(style, str | Path):
        return False
    path, text = Path(style), str(style)
    has_form = path.name == text == text.strip() and text.isprintable() and not path.suffix and text != "-"
    return has_form and not _exists(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that the system does not accept
        return True


def builtin_style_file(name: str, encoder: str, *, model: str) -> Path:
    """Return the file of a built-in style for an encoder.

    Args:
        name: Name of the style.
        encoder: Fingerprint of the encoder, see `styler.transfer.style_file.fingerprint`.
        model: What to call its model in messages.

    Raises:
        StylerError: If there is no such style, or none for this encoder.
    """
    style, encoders = builtin_style(name), _catalog()["encoders"]
    for folder, known in encoders.items():
        if known == encoder:
            return styles_folder() / folder / f"{style.name}{STYLE_SUFFIX}"
    what = f"the built-in style {name} was not made for model {model!r}"
    raise StylerError(what, f"choose --model {' or '.join(encoders)}, or give a style picture")


def builtin_style_path(name: str, model: str) -> Path:
    """Return the file of a built-in style for a shipped model, by the model's name.

    Raises:
        StylerError: If there is no such style, or none for this model.
    """
    encoders = _catalog()["encoders"]
    return builtin_style_file(name, encoders.get(model, ""), model=model)


def builtin_style_files(name: str) -> dict[str, Path]:
    """Return the files of a built-in style, by model.

    Raises:
        StylerError: If there is no such style.
    """
    style = builtin_style(name)
    return {model: styles_folder() / model / f"{style.name}{STYLE_SUFFIX}" for model in _catalog()["encoders"]}


def resolved_styles(styles: Sequence[Path], model: str) -> list[Path]:
    """Return the styles with names of built-in ones replaced by their files for a shipped model.

    Raises:
        StylerError: If a name is neither a file nor a built-in style.
    """
    return [builtin_style_path(str(style), model) if is_style_name(style) else style for style in styles]


def thumbnail_bytes(name: str) -> bytes:
    """Return the thumbnail of a built-in style, a WebP file.

    Raises:
        StylerError: If there is no such style, or its thumbnail can't be read.
    """
    path = builtin_style(name).thumbnail
    if not is_file(path):
        raise StylerError(f"no thumbnail of {name}", "it is part of styler: install styler again")
    return path.read_bytes()
