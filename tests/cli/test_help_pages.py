"""Help: what is on every page, and how little is imported for it."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from styler.cli import COMMANDS, app
from styler.cli.help_pages import PANELS, load_command

ROOT = get_command(app)
EVERYWHERE = ("--help", "--version", "--install-completion", "--show-completion")


def with_subcommands(path: tuple[str, ...], command: Any) -> Iterator[tuple[str, Any]]:
    yield " ".join(path), command
    for name, subcommand in getattr(command, "commands", {}).items():
        yield from with_subcommands((*path, name), subcommand)


PAGES = {"styler": ROOT}
for _name, (_module, _) in COMMANDS.items():
    PAGES |= dict(with_subcommands(("styler", _name), load_command(_module)))


def imported(*arguments: str) -> tuple[set[str], str]:
    """Return the modules that a command imports, and its output."""
    code = f"import json, sys; from styler.cli import main; sys.argv = {['styler', *arguments]!r}\n"
    code += "try: main()\nexcept SystemExit: pass\nprint(json.dumps(list(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    output, _, modules = result.stdout.rstrip().rpartition("\n")
    return set(json.loads(modules)), output


def parse(example: str) -> None:
    """Parse an example with the command that it names."""
    words = shlex.split(example)
    path = next(" ".join(words[:n]) for n in (3, 2) if " ".join(words[:n]) in PAGES)
    PAGES[path].make_context(path, words[len(path.split()) :])


def test_every_command_has_a_page():
    assert len(PAGES) == 6 + 3 + 4 + 2 + 5 + 5 + 12
    assert {"styler transfer", "styler bench quality", "styler train widen", "styler models list"} < set(PAGES)


@pytest.mark.parametrize("path", PAGES)
def test_two_examples_are_shown_and_parse(path):
    lines = PAGES[path].epilog.splitlines()
    assert len(lines) == 2
    shown = CliRunner().invoke(app, [*path.split()[1:], "--help"]).output
    for line in lines:
        assert line.startswith(path)
        assert f"\n  {line}\n" in shown + "\n"
        parse(line)


def test_an_example_that_does_not_parse_is_noticed():
    with pytest.raises(Exception, match="no-such-option"):
        parse("styler transfer a.jpg b.jpg --no-such-option")


@pytest.mark.parametrize("path", PAGES)
def test_every_parameter_has_a_sentence_and_every_option_a_panel(path):
    for param in PAGES[path].params:
        if param.opts[0] in EVERYWHERE:
            continue
        assert re.fullmatch(r"[A-Z.].*\.", param.help), param.name
        is_repeatable = param.multiple or param.nargs != 1
        assert is_repeatable == param.help.endswith("Repeatable."), param.name
        if param.param_type_name == "option":
            assert param.rich_help_panel in PANELS[:-1], param.name


def test_options_stand_in_their_panels():
    output = CliRunner().invoke(app, ["transfer", "--help"]).output
    sections = re.findall(r"^(\w+):$", output, re.MULTILINE)
    assert sections == ["Arguments", "Input", "Style", "Size", "Color", "Output", "Machine", "Options", "Examples"]
    style, size = output.index("\nStyle:"), output.index("\nSize:")
    assert style < output.index("\n  --mask") < size < output.index("\n  --style-scale")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_commands_own_page_says(name):
    _, help_line = COMMANDS[name]
    assert PAGES[f"styler {name}"].help.split("\n")[0] == help_line
    assert f"{name:10}{help_line}"[:60] in CliRunner().invoke(app, ["--help"]).output


def test_help_imports_no_library_and_no_command():
    modules, output = imported("--help")
    assert "transfer" in output
    assert not modules & {"torch", "torchvision", "numpy", "PIL", "safetensors", "rich"}
    assert {name for name in modules if name.startswith("styler.cli.")} == {
        "styler.cli.help_pages",
        "styler.cli.plain_output",
    }


def test_help_of_a_command_imports_no_other_command():
    modules, output = imported("transfer", "--help")
    assert "--style-scale" in output
    assert not modules & {"torch", "numpy", "PIL"}
    others = {module for module, _ in COMMANDS.values()} - {"styler.cli.transfer"}
    assert "styler.cli.transfer" in modules
    assert not modules & others


def complete(words: str) -> list[str]:
    """Return what Bash is given to complete the last word."""
    environment = {"_STYLER_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    return CliRunner().invoke(app, [], prog_name="styler", env=environment).output.split()


def test_shells_complete_commands_options_and_choices():
    assert complete("styler tra") == ["transfer", "train"]
    assert complete("styler bench q") == ["quality"]
    assert complete("styler transfer --preserve") == ["--preserve-color"]
    assert complete("styler transfer --preserve-color l") == ["luma"]


def test_a_misspelt_command_is_answered_with_the_right_one():
    result = CliRunner().invoke(app, ["tranfser"])
    assert result.exit_code == 2
    assert "Did you mean 'transfer'" in result.output
