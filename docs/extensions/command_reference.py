"""The reference of the command line, written from its own help: `{{ commands }}` on a page is replaced by it."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer
from typer.main import get_command

from styler import cli

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MARK = "{{ commands }}"
BAR = r"\|"
PANELS = {"argument": "Arguments", "option": "Options"}


def setup(app: "Sphinx") -> dict[str, bool]:
    """Let Sphinx call `insert_commands` for every page that it reads."""
    app.connect("source-read", insert_commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def insert_commands(app: "Sphinx", page: str, source: list[str]) -> None:
    """Replace the mark, if the page has it, by the sections of all commands."""
    if MARK in source[0]:
        source[0] = source[0].replace(MARK, reference())


def reference() -> str:
    """Return the Markdown on all commands."""
    root = get_command(cli.app)
    context = typer.Context(root, info_name="styler", **root.context_settings)
    return "\n".join(sections(root, context, level=2))


def sections(command: Any, context: typer.Context, *, level: int) -> Iterator[str]:
    """Yield the lines of the Markdown on the commands in a group, each under a heading of `level`."""
    for name in command.list_commands(context):
        _, child, _ = command.resolve_command(context, [name])  # imports a command that is imported when it is run
        inner = typer.Context(child, info_name=name, parent=context)
        yield f"{'#' * level} {inner.command_path}\n"
        yield f"{plain(child.help or '')}\n"
        if hasattr(child, "list_commands"):
            yield from sections(child, inner, level=level + 1)
        else:
            yield f"```text\n{child.get_usage(inner).removeprefix('Usage: ')}\n```\n"
            yield from tables(child, inner)
            if child.epilog:
                yield f"```sh\n{examples(child.epilog)}\n```\n"


def tables(command: Any, context: typer.Context) -> Iterator[str]:
    """Yield a table for each panel of a command's help."""
    wanted = [parameter for parameter in command.get_params(context) if parameter.name != "help"]
    for panel, parameters in groupby(sorted(wanted, key=panel_order(wanted)), key=panel_of):
        records = (parameter.get_help_record(context) for parameter in parameters)
        yield f"| {panel} | |\n|---|---|"
        yield from (f"| {row(*record)} |" for record in records if record)
        yield ""


def panel_of(parameter: Any) -> str:
    """Return the heading under which the help shows a parameter."""
    return getattr(parameter, "rich_help_panel", None) or PANELS[parameter.param_type_name]


def panel_order(parameters: list[Any]) -> Any:
    """Return a sorting key: panels in the order in which the help first names them, arguments before all."""
    first = dict.fromkeys([PANELS["argument"], *map(panel_of, parameters)])
    return lambda parameter: list(first).index(panel_of(parameter))


def row(names: str, text: str) -> str:
    """Return the two cells of a table for a parameter: its names; its help, with its type and default."""
    called = re.match(r"(?:-[\w-]+[,/ ]*)+(?=\s|$)|\S+", names)[0].rstrip()
    kind = re.sub(r" range|^str$|^list.*", "", names[len(called) :].strip(" <>")).replace("|", ", ")
    text, _, facts = text.partition("  [")
    facts = re.sub(r"default: \((.*?)\)", r"default: \1", facts.removesuffix("]"))
    details = "; ".join(filter(None, [kind, facts]))
    return f"`{called.replace('|', BAR)}` | {plain(text)}" + (f" *{plain(details)}*" if details else "")


def plain(text: str) -> str:
    """Return text of the help as Markdown that shows it as it is, without the markup of terminals."""
    text = re.sub(r"\[/?(?:bold|dim|cyan|green|yellow|link)[^\]]*\]", "", text.replace("\b", ""))
    text = re.sub(r"([*_<>|{}])", r"\\\1", " ".join(text.split()))
    return re.sub(r"(?<![\w-])(--?[a-z][\w-]*)", r"`\1`", text)


def examples(epilog: str) -> str:
    """Return the examples below a command's help, one a line."""
    lines = (line.strip() for line in epilog.replace("\b", "").splitlines())
    return "\n".join(line for line in lines if line)
