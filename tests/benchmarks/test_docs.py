"""The pages on roots and layers: their commands parse; the tests, files and pictures that they name exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from styler.cli.bench import app

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("matrix-sqrt.md", "covariance.md")}
COMMANDS = [line for page in PAGES.values() for line in re.findall(r"^    styler bench (.*)$", page, re.MULTILINE)]
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*/test_*.py"))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_tables_are_understood(command):
    name, *arguments = shlex.split(command)
    subcommand = typer.main.get_command(app).get_command(None, name)
    assert subcommand is not None
    subcommand.make_context(name, arguments)  # options that do not exist raise


@pytest.mark.parametrize("page", PAGES)
def test_tests_and_pictures_that_a_page_names_exist(page):
    for name in re.findall(r"`(test_\w+)`", PAGES[page]):
        assert f"def {name}(" in TESTS, name
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", PAGES[page]):
        assert (ROOT / "docs" / target).exists(), target


def test_the_picture_of_the_page_is_made_of_pictures_that_are_free():
    for asset in re.findall(r"assets/[\w.]+", PAGES["matrix-sqrt.md"]):
        assert (ROOT / asset).exists(), asset
