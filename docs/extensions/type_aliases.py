"""Signatures that name a union of types as the code does, `AnyPicture`, instead of listing its members."""

import re

from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

from styler.choices import Level
from styler.images.loading import File
from styler.images.picture import AnyPicture
from styler.transfer.arguments import AnyStyle

ALIASES = {"AnyStyle": AnyStyle, "AnyPicture": AnyPicture, "File": File, "Level": Level}
"""Longest first: `AnyStyle` contains `AnyPicture`, which contains `File`."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx call `named_unions` for every signature."""
    app.connect("autodoc-process-signature", named_unions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def named_unions(
    app: Sphinx, what: str, name: str, thing: object, options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Return the signature and its result with the aliases put back."""
    return shortened(signature), shortened(returned)


def shortened(text: str | None) -> str | None:
    """Return the text with every union that has an alias replaced by it."""
    for alias, union in ALIASES.items():
        for mode in ("smart", "fully-qualified-except-typing"):
            text = text and text.replace(stringify_annotation(union, mode), alias)
    return text and re.sub(r"~(torch\.(?:device|dtype))", r"\1", text)  # "device: str | device" would puzzle
