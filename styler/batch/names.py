"""Names of results, from a template; a name outside the folder of results is an error."""

import os
import re
from pathlib import Path, PurePath
from string import Formatter

from styler.batch.folders import Source
from styler.errors import StylerError

FIELDS = ("content", "content_type", "style", "style_type", "style_folder", "alpha")

NUMBER_FORMAT = re.compile(r"\d{0,2}(\.\d{1,2})?[efg%]?")
"""What may follow the colon in {alpha:.2f}; the other fields are texts and take no format."""


class Strength(float):
    """A style strength that is written without trailing zeros unless a format is given."""

    def __format__(self, spec: str) -> str:
        return float.__format__(self, spec or "g")


class Template:
    """A pattern such as {content}-{style}, and the file format."""

    def __init__(self, pattern: str = "{content}-{style}", format: str = "png"):
        """Check the pattern; a slash in it makes subfolders.

        Raises:
            StylerError: If it holds an unknown field, or a format that a field does not take.
        """
        self.pattern, self.format = pattern, format
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        try:
            parts = [part for part in Formatter().parse(pattern) if part[1] is not None]
        except ValueError as error:
            raise StylerError(f"--name: {pattern!r} is no pattern: {error}", f"choose from {known}") from None
        if unknown := {str(field) for _, field, *_ in parts} - set(FIELDS):
            raise StylerError(f"--name: unknown field {', '.join(sorted(unknown))!r}", f"choose from {known}")
        for _, field, spec, conversion in parts:
            if conversion or (spec and (field != "alpha" or not NUMBER_FORMAT.fullmatch(spec))):
                found = f"{{{field}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"
                todo = "only {alpha} takes a format, such as {alpha:.2f}"
                raise StylerError(f"--name: invalid format {found!r}", todo)

    def path(self, content: Source, style: Source, alpha: float) -> Path:
        """Return the path of a result, relative to the folder of results; contents' subfolders are mirrored."""
        values: dict[str, str | float] = {
            "content": content.path.stem,
            "content_type": content.path.suffix[1:],
            "style": style.path.stem,
            "style_type": style.path.suffix[1:],
            "style_folder": style.folder.as_posix(),
            "alpha": Strength(alpha),
        }
        return inner_path(str(content.folder / f"{self.pattern.format_map(values)}.{self.format}"))


def inner_path(name: str) -> Path:
    """Return the name as a normalized path relative to the folder of results.

    Raises:
        StylerError: If it is not a valid name or leads outside the folder.
    """
    path = Path(os.path.normpath(name))
    if "\0" in name or not path.name or PurePath(name).is_absolute() or path.drive or path.parts[0] == "..":
        raise StylerError(f"{name!r} is not a valid name in the folder of results", "use a relative name without ..")
    return path
