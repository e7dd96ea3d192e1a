"""Every command and every line of Python that the tutorial and the guides show is run; every link leads somewhere."""

import re
import shutil

import pytest
from snippets import ROOT, commands, furnish, run, shortened, shown, snippets

DOCS = ROOT / "docs"
GUIDES = [DOCS / "tutorial.md", *sorted((DOCS / "guides").glob("*.md"))]
TRAINING = {
    " ".join(command.split())
    for command in commands("\n".join(shown((ROOT / "README.md").read_text(encoding="utf-8"), "sh")))
    if command.startswith("styler train")
}
"""The README has these too, and its test runs them: seconds each. Here their model is there already."""

PAGES = [*GUIDES, *(DOCS / f"{name}.md" for name in ("index", "architecture", "house-style")), ROOT / "CONTRIBUTING.md"]


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
@pytest.mark.slow
def test_snippets_of_a_page_run_in_its_order(page, tmp_path, monkeypatch):
    place, names = furnish(tmp_path), {}
    shutil.copy(ROOT / "models" / "small.safetensors", place / "mine.safetensors")
    for language, code in snippets(page.read_text(encoding="utf-8")):
        if language == "python":
            monkeypatch.chdir(place)
            exec(compile(code, page.name, "exec"), names)
        else:
            for command in commands(code):
                if " ".join(command.split()) not in TRAINING:
                    run(shortened(command), place, monkeypatch)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_point_to_files_that_are_there(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_named_on_a_page_exist(page):
    for name in re.findall(r"`((?:styler|tests|docs|models)/[\w/.-]+\.\w+)`", page.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name
