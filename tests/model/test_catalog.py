import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from samples import TINY

from styler.choices import LEVELS
from styler.errors import StylerError
from styler.files import sha256
from styler.model import catalog
from styler.model.catalog import find_model, model_facts, shipped_models, shipped_sha256
from styler.model.weights import Model, load_model, save_model
from styler.transfer.record import record_of
from styler.transfer.stylizer import Stylizer


@pytest.fixture
def shelf(tiny_model, tmp_path, monkeypatch):
    """Return a function that ships tiny models of these names alone."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(catalog, "models_folder", lambda: folder)

    def ship(*names: str) -> Path:
        for name in names:
            save_model(tiny_model, folder / f"{name}.safetensors")
        return folder

    return ship


def test_the_checksums_are_those_of_the_shipped_models():
    found = {path.name: sha256(path) for path in shipped_models()}
    assert shipped_sha256() == found, "cd models && sha256sum *.safetensors > SHA256SUMS"


def test_each_shipped_model_has_a_card_with_its_checksum_and_its_size():
    assert shipped_models()
    for path in shipped_models():
        card = path.with_suffix(".md").read_text(encoding="utf-8")
        assert sha256(path) in re.findall(r"\b[0-9a-f]{64}\b", card), path
        assert f"{model_facts(path).num_parameters:,} parameters" in card, path


def test_shipped_models_are_found_by_name():
    shipped = {path.stem for path in shipped_models()}
    assert {"small", "base"} <= shipped
    assert all(find_model(name).stem == name for name in shipped)


@pytest.mark.parametrize("name", ["no-such-model", "", ".", "/", "small.safetensors.bak"])
def test_an_unknown_model_is_an_error_that_lists_the_known(name):
    with pytest.raises(StylerError, match="small"):
        find_model(name)


def test_auto_is_small_on_processors_and_base_on_gpus():
    for device_type, name in {"cpu": "small", "cuda": "base", "mps": "base"}.items():
        assert find_model("auto", device_type=device_type).stem == name
        assert find_model("small", device_type=device_type).stem == "small"


def test_a_stylizer_uses_the_default_model_of_its_device_and_records_its_name(shelf, monkeypatch, picture_file):
    shelf("small", "base")
    assert Stylizer(device="cpu").model.name == "small"
    monkeypatch.setattr("styler.transfer.stylizer.find_device", torch.device)  # a GPU that is not there
    monkeypatch.setattr(Model, "to", lambda self, *place: self)
    stylizer = Stylizer(device="cuda")
    assert stylizer.model.name == "base"
    assert record_of(picture_file(), [], stylizer.model, {})["model"]["name"] == "base"
    assert Stylizer("small", device="cuda").model.name == "small"


def test_a_shipped_model_has_precedence_over_a_file_of_its_name(shelf, tmp_path, monkeypatch):
    folder = shelf("small")
    monkeypatch.chdir(tmp_path)
    for name in ("auto", "small"):
        (tmp_path / name).write_bytes(b"mine")
        assert find_model(name) == folder / "small.safetensors"


def test_facts_match_the_loaded_model(tiny_model, tmp_path):
    for levels in (LEVELS, LEVELS[1:3], ()):
        path = tmp_path / f"{len(levels)}.safetensors"
        save_model(Model(tiny_model.encoder, {level: tiny_model.decoders[level] for level in levels}), path)
        facts, model = model_facts(path), load_model(path)
        assert (facts.name, facts.widths) == (model.name, TINY)
        assert facts.levels == tuple(model.decoders) == tuple(levels)
        assert facts.num_parameters == sum(weights.numel() for weights in model.modules().parameters())
        assert facts.num_bytes == len(path.read_bytes())


@pytest.mark.parametrize("content", [None, b"", b"not a model", b"\xff" * 8 + b"{}"])
def test_the_error_for_a_broken_file_names_it(content, tmp_path):
    path = tmp_path / "broken.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StylerError, match=r"broken\.safetensors"):
        model_facts(path)


def test_other_tensors_and_a_truncated_model_are_errors(tiny_file, tmp_path):
    save_file({"x": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(StylerError, match="not a styler model"):
        model_facts(tmp_path / "other.safetensors")
    tiny_file.write_bytes(tiny_file.read_bytes()[:-1])
    with pytest.raises(StylerError, match="complete"):
        model_facts(tiny_file)
