"""Names of results, from a template; a name outside the folder of results is an error."""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from string import Formatter

from styler.batch.folders import Source
from styler.choices import Level
from styler.errors import StylerError

Alpha = float | tuple[tuple[Level, float], ...]
"""Style strength, or strengths by level, hashable."""

MAX_NAME = 255
"""Bytes of a file's name on ext4, XFS, Btrfs and ZFS; NTFS and APFS allow as many characters."""

RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{digit}" for name in ("com", "lpt") for digit in "0123456789¹²³")}
"""Names of devices on Windows, in lower case, with any extension."""

FIELDS = ("content", "content_type", "style", "style_type", "style_folder", "alpha")


class Number(float):
    """A number that is written with six digits unless the pattern says how."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec or "g")


class Template:
    """A pattern such as {content}-{style}, and the file format."""

    def __init__(self, pattern: str = "{content}-{style}", format: str = "png"):
        """Check the pattern; a slash in it makes subfolders.

        Raises:
            StylerError: If it holds an unknown field or a wrong format of one, such as {content:.2f}.
        """
        self.pattern, self.format = pattern, format
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        try:
            fields = [(name, spec or "") for _, name, spec, _ in Formatter().parse(pattern) if name is not None]
        except ValueError:
            fields = [(pattern, "")]
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        if unknown := {name for name, _ in fields} - set(FIELDS):
            raise StylerError(f"--name: unknown field {', '.join(sorted(unknown))!r}", f"choose from {known}")
        try:
            if any("{" in spec or re.search(r"\d{4}", spec) for _, spec in fields):
                raise ValueError("a width has at most three digits")
            pattern.format_map(dict.fromkeys(FIELDS, "a") | {"alpha": Number(1)})
        except ValueError as error:
            raise StylerError(f"--name {pattern}: {error}", f"choose from {known}, also {{alpha:.2f}}") from None
        self.names_contents = any(name == "content" for name, _ in fields)

    def path(
        self,
        content: Source,
        styles: Sequence[Source],
        alpha: Alpha,
        *,
        whole_content: bool = False,
        whole_style: bool = False,
    ) -> Path:
        """Return the path of a result, relative to the folder of results; contents' subfolders are mirrored.

        Args:
            content: The content.
            styles: The style, or several that are mixed.
            alpha: Style strength.
            whole_content: Whether the name of the content includes its file extension.
            whole_style: Whether the name of the style includes its file extension.
        """
        first = styles[0]
        values = {
            "content": content.path.name if whole_content else content.path.stem,
            "content_type": content.path.suffix[1:],
            "style": "-".join(one.path.name if whole_style else one.path.stem for one in styles),
            "style_type": first.path.suffix[1:],
            "style_folder": first.folder.as_posix(),
            "alpha": Number(alpha) if isinstance(alpha, float | int) else alpha_text(alpha),
        }
        try:
            name = self.pattern.format_map(values)
        except ValueError as error:  # {alpha:.2f} of strengths by level
            raise StylerError(f"--name {self.pattern}: {error}", "write {alpha} without a format") from None
        return inner_path(str(content.folder / f"{name}.{self.format}"))


def alpha_text(alpha: Alpha) -> str:
    """Return a strength as it is written on the command line."""
    return f"{alpha:g}" if isinstance(alpha, float | int) else ",".join(f"{level}={one:g}" for level, one in alpha)


def inner_path(name: str, *, windows: bool = os.name == "nt") -> Path:
    """Return the name as a normalized path relative to the folder of results, with parts that a file system allows.

    Parts that are too long are shortened, and on Windows characters and names that it reserves are replaced.

    Raises:
        StylerError: If it is not a valid name or leads outside the folder.
    """
    path = Path(os.path.normpath(name))
    if "\0" in name or not path.name or PurePath(name).is_absolute() or path.drive or path.parts[0] == "..":
        raise StylerError(f"{name!r} is not a valid name in the folder of results", "use a relative name without ..")
    parts = [windows_part(part) if windows else part for part in path.parts]
    return Path(*(shortened(part) for part in parts))


def shortened(part: str) -> str:
    """Return a file name of at most 255 bytes: the start of the name, a hash of all of it, and its extension."""
    if num_bytes(part) <= MAX_NAME:
        return part
    suffix = PurePath(part).suffix
    end = f"~{name_hash(part)}{suffix if num_bytes(suffix) < 16 else ''}"
    start = part[: MAX_NAME - num_bytes(end)]
    while num_bytes(start) + num_bytes(end) > MAX_NAME:
        start = start[:-1]
    return start + end


def windows_part(part: str) -> str:
    """Return a file name without the characters, endings and names that Windows reserves."""
    name = re.sub(r'[<>:"|?*\\\x00-\x1f]', "_", part).rstrip(" .") or "_"
    stem, dot, rest = name.partition(".")
    return f"{stem.rstrip()}_{dot}{rest}" if stem.rstrip().lower() in RESERVED else name


def name_hash(name: str) -> str:
    """Return eight hexadecimal digits of a hash of the name, which make shortened or clashing names unique."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def num_bytes(name: str) -> int:
    """Return the length of a name in UTF-8; each byte that is not UTF-8 counts as three."""
    return len(name.encode("utf-8", "surrogatepass"))
