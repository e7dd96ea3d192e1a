import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from styler.files import sha256
from styler.model import catalog
from styler.model.catalog import find_model, models_folder
from styler.model.weights import Model, load_model, save_model


@pytest.fixture
def models(styler):
    """Return a function that runs `styler models`."""
    return lambda *arguments: styler("models", *arguments)


def test_the_list_has_each_shipped_model_and_says_which_auto_takes(models):
    status, out, err = models("list")
    assert (status, err) == (0, "")
    assert all(word in out for word in ("small", "16 64 112 208", "1,337,209", "2.68", "relu4_1 relu2_1", "auto on"))
    rows = [json.loads(line) for line in models("list", "--json")[1].splitlines()]
    assert [row["name"] for row in rows] == [path.stem for path in catalog.shipped_models()]
    assert [row["auto"] for row in rows].count(True) == 1
    for row in rows:
        assert (row["path"], row["num_bytes"]) == (str(find_model(row["name"])), Path(row["path"]).stat().st_size)


def test_a_path_is_printed_alone(models):
    assert models("path", "small") == (0, f"{models_folder() / 'small.safetensors'}\n", "")


def test_a_card_is_printed_as_it_is_for_a_pipe(models):
    card = models_folder() / "small.md"
    assert models("show", "small") == (0, card.read_text(encoding="utf-8"), "")


def test_a_card_is_laid_out_on_a_terminal(models, monkeypatch):
    terminal = Console(force_terminal=True, color_system="truecolor", soft_wrap=True, width=90)
    monkeypatch.setattr("styler.cli.models.stdout", terminal)
    status, out, _ = models("show", "small")
    text = re.sub(r"\x1b(\[[0-9;]*m|\]8;[^\\]*\\)", "", out)
    assert status == 0
    assert text != out
    assert "Training" in text
    assert "## How" not in text
    assert max(map(len, text.splitlines())) == 90


def test_a_file_without_a_card_says_what_is_in_it(models, tiny_file):
    status, out, err = models("show", tiny_file)
    assert (status, err) == (0, "")
    parts = ["4 6 8 10", "relu4_1 relu3_1 relu2_1 relu1_1", f"{tiny_file.stat().st_size:,}", sha256(tiny_file)]
    assert all(part in out for part in parts)
    tiny_file.with_suffix(".md").write_text("# Mine\n", encoding="utf-8")
    assert models("show", tiny_file)[1] == "# Mine\n"


def test_an_encoder_alone_has_no_levels(models, tiny_model, tmp_path):
    save_model(Model(tiny_model.encoder), tmp_path / "e.safetensors")
    assert "levels     none" in models("show", "e.safetensors")[1]


def test_verify_takes_all_that_are_shipped_or_those_named(models, tmp_path):
    status, out, err = models("verify")
    assert (status, err) == (0, "")
    assert "small: unchanged since shipping, works on" in out
    model = load_model("small")
    model.encoder.convs["conv1_1"].bias.add_(1e-3)
    save_model(model, tmp_path / "own.safetensors")
    status, out, _ = models("verify", "own.safetensors", "small")
    assert status == 0
    first, second = out.splitlines()
    assert first.startswith("own.safetensors: complete, works on")
    assert "not a shipped model" in first
    assert second.startswith("small: unchanged since shipping")


def test_verify_misses_a_shipped_model_that_is_gone(models, tmp_path, monkeypatch):
    folder = shutil.copytree(models_folder(), tmp_path / "models")
    (folder / "small.safetensors").unlink()
    monkeypatch.setattr(catalog, "models_folder", lambda: folder)
    status, _, err = models("verify")
    assert status == 1
    assert f"can't read {folder / 'small.safetensors'}" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["path", "nope"], "small"),
        (["show", "nope"], "small"),
        (["verify", "small", "nope"], "small"),
        (["show", "broken.safetensors"], "broken.safetensors"),
        (["verify", "broken.safetensors"], "broken.safetensors"),
        (["verify", "tiny.safetensors"], "styler train decoder"),
    ],
)
def test_what_is_wrong_is_said_in_two_lines(models, tiny_file, tmp_path, arguments, word):
    (tmp_path / "broken.safetensors").write_bytes(b"bad")
    status, _, err = models(*arguments)
    assert status == 1
    assert word in err
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 2


def test_finding_a_model_its_card_and_its_facts_takes_no_torch(tiny_file):
    code = "import sys; from styler.cli import main\n"
    for command, model in (("path", "small"), ("show", "small"), ("show", str(tiny_file))):
        code += f"sys.argv = ['styler', 'models', {command!r}, {model!r}]\ntry: main()\nexcept SystemExit: pass\n"
    code += "print(sorted({'torch', 'torchvision'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "4 6 8 10" in out
    assert out.splitlines()[-1] == "[]"
