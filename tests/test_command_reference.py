"""The reference of the command line has every command with every option."""

import re
from types import SimpleNamespace

import pytest
import typer
from command_reference import MARK, examples, insert_commands, plain, reference, row
from typer.main import get_command

from styler import cli

REFERENCE = reference()


def commands(group, context, path="styler"):
    for name in group.list_commands(context):
        _, command, _ = group.resolve_command(context, [name])
        if hasattr(command, "list_commands"):
            yield from commands(command, context, f"{path} {name}")
        else:
            yield pytest.param(f"{path} {name}", command, id=f"{path} {name}")


ROOT = get_command(cli.app)


@pytest.mark.parametrize(("name", "command"), list(commands(ROOT, typer.Context(ROOT))))
def test_a_command_has_a_section_with_all_its_options(name, command):
    section = re.search(rf"^#+ {name}\n(.*?)(?=^#|\Z)", REFERENCE, re.DOTALL | re.MULTILINE)
    assert section
    assert command.help.split()[0] in section[1]
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    shown = {option for code in re.findall(r"`([^`\n]*)`", section[1]) for option in re.findall(r"--[\w-]+", code)}
    assert options - {"--help"} <= shown


@pytest.mark.parametrize(
    ("name", "option"),
    [("transfer", "--alpha"), ("batch", "--pairs"), ("style save", "--out"), ("train encoder", "--teacher")],
)
def test_commands_and_groups_are_on_the_page(name, option):
    section = REFERENCE.partition(f"# styler {name}\n")[2].partition("\n#")[0]
    assert f"{option}` |" in section


def test_the_mark_of_a_page_is_replaced():
    source = [f"# Title\n\n{MARK}\n"]
    insert_commands(SimpleNamespace(), "page", source)
    assert source[0].startswith("# Title\n\n## styler transfer")
    assert MARK not in source[0]


def test_type_choices_and_default_follow_the_help():
    names, text = row("-t, --tone <low|high>", "The tone.  [default: (low); 1<=x<=2]").split(" | ")
    assert names == "`-t, --tone`"
    assert text == r"The tone. *low, high; default: low; 1\<=x\<=2*"


def test_placeholders_follow_the_help():
    assert row("--peer NAME=COMMAND", "A tool.") == "`--peer` | A tool. *NAME=COMMAND*"
    assert row("NAME|FILE <str>", "A model.") == r"`NAME\|FILE` | A model."


def test_help_is_shown_as_it_is_without_the_markup_of_terminals():
    assert plain("[bold]A_b[/bold] of\n--option <x>") == r"A\_b of `--option` \<x\>"
    assert examples("\b\n  styler a\n\n  styler b\n") == "styler a\nstyler b"
