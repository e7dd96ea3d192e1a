"""The commands and the Python that a Markdown page shows, and how they are run on small copies of what they name."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from samples import picture, save_painter, thread_pool

from styler import cli
from styler.benchmarks import transfer_stages
from styler.benchmarks.quality import tools
from styler.images.saving import save_image
from styler.model.encoder import Encoder

ROOT = Path(__file__).parents[1]
SHORTER = {
    "train encoder": "--steps 2 --batch 2 --crop 32",
    "train decoder": "--steps 2 --batch 2 --crop 32",
    "train narrow": "--pairs 2 --crop 32",
    "bench transfer": "--sizes 32 --dtypes float32 --repeats 1 --cold 0",
    "bench sqrt": "--sizes 1x4 --repeats 1",
    "bench batch": "--size 32 --pictures 2 --repeats 1",
    "bench quality": "--size 32 --pictures 1 --alphas 1",
    "bench photo": "--size 32 --pairs 1",
    "bench layers": "--layers WhiteningColoring2d --seeds 1 --steps 4 --repeats 1",
}


def snippets(text: str) -> list[tuple[str, str]]:
    """Return the code blocks of a page in its order: "sh" or "python", and the code."""
    return re.findall(r"^```(sh|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def shown(text: str, language: str) -> list[str]:
    return [code for found, code in snippets(text) if found == language]


def commands(block: str) -> list[str]:
    """Return the commands of a block, without comments and what installs."""
    lines = [line.split("  #")[0].strip() for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith("#") and "pip install" not in line]


def shortened(command: str) -> str:
    """Return a command with the options that make it quick, if it trains or measures."""
    found = [arguments for name, arguments in SHORTER.items() if command.startswith(f"styler {name}")]
    return " ".join([command, *found])


def furnish(folder: Path) -> Path:
    """Fill a folder with what the commands name, in small."""
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
    save_painter(folder / "adain.safetensors")
    return folder


def run(command: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command: in this process if it is styler's alone, since importing torch takes seconds."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(tools, "ProcessPoolExecutor", thread_pool)
    monkeypatch.setattr(transfer_stages, "plain_process_seconds", transfer_stages.library_seconds)
    words = shlex.split(command)
    if words[0] == "styler" and not {"|", ">"} & set(words):
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
