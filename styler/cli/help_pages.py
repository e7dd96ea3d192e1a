"""Help pages: options by panel, then examples.

They are plain text: importing rich's panels and Markdown takes longer than all the rest of `styler --help`.
"""

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

PANELS = ("Input", "Style", "Size", "Color", "Training", "Measurement", "Output", "Run", "Machine", "Options")
"""Order of the panels on a page; options without a panel, such as --help, stand in the last one."""


class HelpPage(TyperCommand):
    """A command whose help shows its options by panel, and its epilog as a list of examples."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section for the arguments and one for each panel."""
        write_options(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        write_examples(self.epilog, formatter)


class HelpGroup(TyperGroup):
    """A group of commands whose help shows the commands, its options, and its epilog as a list of examples."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section for the commands and one for each panel."""
        self.format_commands(ctx, formatter)
        write_options(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        write_examples(self.epilog, formatter)


class LazyGroup(HelpGroup):
    """A group that imports a command when it is run; until then it knows only the command's name and help line."""

    modules: ClassVar[dict[str, str]] = {}
    """Command to module; the module's `app` is the command."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Return the name, the imported command, and the arguments left."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load_command(self.modules[args[0]]), rest


def load_command(module: str) -> Any:
    """Return the command, or group of commands, of a module."""
    return typer.main.get_command(import_module(module).app)


def write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """Write the arguments, and the options by panel."""
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], **{panel: [] for panel in PANELS}}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is not None:
            is_argument = param.param_type_name == "argument"
            panel = "Arguments" if is_argument else getattr(param, "rich_help_panel", None) or "Options"
            sections[panel].append(record)
    for name, rows in sections.items():
        if rows:
            with formatter.section(name):
                formatter.write_dl(rows)


def write_examples(epilog: str | None, formatter: Any) -> None:
    """Write the examples, one a line, unwrapped so that they can be copied."""
    if epilog:
        with formatter.section("Examples"):
            for line in epilog.splitlines():
                formatter.write(f"  {line}\n")


def examples(*lines: str) -> str:
    """Return the epilog with these examples."""
    return "\n".join(lines)


def make_app(**options: Any) -> typer.Typer:
    """Return an empty app with plain help: for one command, or with `cls=HelpGroup` and a help line for several."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **options)
