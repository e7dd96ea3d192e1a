"""Every command that the README shows is run, on small copies of what it names."""

import re
import shutil

import pytest
from PIL import Image
from snippets import ROOT, commands, furnish, run, shortened, shown

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return furnish(tmp_path_factory.mktemp("readme"))


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("command", commands("\n".join(shown(README, "sh"))))
def test_commands_of_the_readme_run(command, place, monkeypatch):
    run(shortened(command), place, monkeypatch)
    for written in re.findall(r"\S+\.(?:png|webp|jpg)$", command.replace("--alpha 0.6", "")):
        with Image.open(place / written) as image:
            assert min(image.size) > 10


def test_python_of_the_readme_runs(place, monkeypatch):
    monkeypatch.chdir(place)
    (block,) = shown(README, "python")
    exec(compile(block, "README.md", "exec"), {})
    assert (place / "rocket-night.png").is_file()


def test_the_first_command_stylizes_and_the_second_tests():
    first, second, *_ = [block.strip() for block in shown(README, "sh")]
    assert "styler transfer assets/" in first
    assert second.endswith("pytest")


def test_links_point_to_files_that_are_there():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target
