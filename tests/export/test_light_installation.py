"""The installation without torch that docs/export.md describes, made of links to the packages that it names."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from PIL import Image
from snippets import ROOT

from styler.export.graph_cache import graphs_folder
from styler.export.writing import export_model
from styler.model.catalog import find_model
from styler.model.weights import Model, load_model, save_model

pytestmark = pytest.mark.slow

RUN = "import sys; from styler.cli import main; sys.argv[0] = 'styler'; main()"


def documented_packages() -> list[str]:
    """Return the packages of the second command of the section."""
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    assert "pip install --no-deps styler\n" in text
    return re.search(r"^    pip install (numpy .+)$", text, re.MULTILINE)[1].split()


def with_dependencies(names) -> set[str]:
    """Return the packages and all that they need."""
    found, left = set(), list(names)
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        needed = map(Requirement, distribution(name).requires or ())
        left += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Path:
    """Return a folder of links to styler and the documented packages, as a site-packages."""
    folder = tmp_path_factory.mktemp("installation")
    for name in with_dependencies(documented_packages()):
        for top in {file.parts[0] for file in distribution(name).files or ()} - {"..", "__pycache__"}:
            source = Path(str(distribution(name).locate_file(top)))
            if source.exists() and not (folder / top).exists():
                (folder / top).symlink_to(source)
    for name in ("styler", "models"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """Return the file of a model with the finest decoder of `small` alone, which is quick to export."""
    small, path = load_model("small"), tmp_path_factory.mktemp("models") / "shallow.safetensors"
    save_model(Model(small.encoder, {"relu1_1": small.decoders["relu1_1"]}), path)
    return path


def run(installation, *words, **environment):
    """Run a command of the installation, which sees no other packages."""
    environment = {**os.environ, "PYTHONPATH": str(installation), **environment}
    command = [sys.executable, "-S", "-c", RUN, *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_it_has_no_torch(installation):
    command = [sys.executable, "-S", "-c", "import torch"]
    found = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(installation)}, capture_output=True, text=True)
    assert "No module named 'torch'" in found.stderr


def test_it_stylizes_with_graphs_exported_elsewhere(installation, model, picture_file, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLER_CACHE", str(tmp_path / "elsewhere"))
    export_model(model, graphs_folder(model))
    shutil.copytree(tmp_path / "elsewhere" / "graphs", tmp_path / "cache" / "graphs")
    words = ["transfer", picture_file("a.png"), picture_file("b.png", seed=1), "-m", model, "--engine", "onnx"]
    found = run(installation, *words, "-o", tmp_path / "out.png", STYLER_CACHE=str(tmp_path / "cache"))
    assert found.returncode == 0, found.stderr
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (64, 48)


@pytest.mark.parametrize("words", [["--help"], ["styles"], ["style", "show", "{style}"], ["transfer", "--help"]])
def test_commands_that_need_no_networks_run(installation, words):
    style = next(find_model("small").parent.rglob("*.style"))
    found = run(installation, *(word.format(style=style) for word in words))
    assert found.returncode == 0, found.stderr


def test_saved_styles_are_mixed(installation, tmp_path):
    styles = sorted(find_model("small").parent.rglob("*.style"))[:2]
    found = run(installation, "style", "mix", *styles, "-o", tmp_path / "mixed.style")
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "mixed.style").is_file()
