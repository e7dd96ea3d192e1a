"""Every command that the README shows is run, on small copies of what it names."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from samples import picture

from styler import cli
from styler.images.saving import save_image
from styler.model.encoder import Encoder

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHORTER = {
    "train": "--steps 2 --batch 2 --crop 32",
    "bench transfer": "--sizes 32 --dtypes float32 --repeats 1 --cold 0",
    "bench sqrt": "--sizes 1x4 --repeats 1",
    "bench batch": "--size 32 --pictures 2 --repeats 1",
    "bench quality": "--size 32 --pictures 1 --alphas 1",
    "bench layers": "--layers WhiteningColoring2d --seeds 1 --steps 4 --repeats 1",
}


def shown(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("  #")[0].strip() for block in shown("sh") for line in block.splitlines()]
    return [line for line in lines if line and "pip install" not in line]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with what the README's commands name, in small, and styler on the path."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "assets").mkdir()
    for path in (ROOT / "assets").glob("*.jpg"):
        with Image.open(path) as image:
            image.reduce(6).save(folder / "assets" / path.name)
    for name in ("photos", "paintings"):
        (folder / name).mkdir()
        for seed in range(2):
            save_image(picture(48, 48, seed=seed), folder / name / f"{seed}.png")
    torch.manual_seed(0)
    tensors = {key.removeprefix("convs."): value.half() for key, value in Encoder().state_dict().items()}
    save_file(tensors, folder / "teacher.safetensors")
    return folder


def run(command: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command: in this process if it is styler's alone, since importing torch takes seconds."""
    monkeypatch.chdir(place)
    words = shlex.split(command)
    if words[0] == "styler" and "|" not in words:
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code, command
        return
    script = place / "bin" / "styler"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m styler "$@"\n')
    script.chmod(0o755)
    environment = os.environ | {"PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, f"{command}\n{result.stderr}"


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("command", commands())
def test_commands_of_the_readme_run(command, place, monkeypatch):
    for name, arguments in SHORTER.items():
        if command.startswith(f"styler {name}"):
            command = f"{command} {arguments}"
    run(command, place, monkeypatch)
    for written in re.findall(r"\S+\.(?:png|webp|jpg)$", command.replace("--alpha 0.6", "")):
        with Image.open(place / written) as image:
            assert min(image.size) > 10


def test_python_of_the_readme_runs(place, monkeypatch):
    monkeypatch.chdir(place)
    (block,) = shown("python")
    exec(compile(block, "README.md", "exec"), {})
    assert (place / "rocket-night.png").is_file()


def test_the_first_command_stylizes_and_the_second_tests():
    first, second, *_ = [block.strip() for block in shown("sh")]
    assert "styler transfer assets/" in first
    assert second.endswith("pytest")


def test_links_point_to_files_that_are_there():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target
