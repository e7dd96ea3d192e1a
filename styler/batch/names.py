"""Names of results, from a template; a name outside the folder of results is an error."""

import os
from pathlib import Path, PurePath
from string import Formatter

from styler.batch.folders import Source
from styler.errors import StylerError

FIELDS = ("content", "content_type", "style", "style_type", "style_folder", "alpha")


class Template:
    """A pattern such as {content}-{style}, and the file format."""

    def __init__(self, pattern: str = "{content}-{style}", format: str = "png"):
        """Check the pattern; a slash in it makes subfolders.

        Raises:
            StylerError: If it holds an unknown field.
        """
        self.pattern, self.format = pattern, format
        try:
            fields = {field for _, field, *_ in Formatter().parse(pattern) if field is not None}
        except ValueError:
            fields = {pattern}
        if unknown := fields - set(FIELDS):
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise StylerError(f"--name: unknown field {', '.join(sorted(unknown))!r}", f"choose from {known}")

    def path(self, content: Source, style: Source, alpha: float) -> Path:
        """Return the path of a result, relative to the folder of results; contents' subfolders are mirrored."""
        values = {"content": content.path.stem, "content_type": content.path.suffix[1:], "style": style.path.stem}
        values |= {"style_type": style.path.suffix[1:], "style_folder": style.folder.as_posix(), "alpha": f"{alpha:g}"}
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
