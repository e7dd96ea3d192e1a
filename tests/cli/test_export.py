"""`styler export` writes both graphs and says so; its errors name what to do."""

import pytest

from styler.export import writing
from styler.model.weights import Model, load_model, save_model


@pytest.fixture
def no_levels(tmp_path):
    """Return the file of an encoder without decoders, which takes a second to export."""
    path = tmp_path / "encoder.safetensors"
    save_model(Model(load_model("small").encoder), path)
    return path


def test_files_are_written_and_named(styler, monkeypatch, tmp_path):
    monkeypatch.setattr(writing, "programs_of", lambda model, half, masks: {"style": half, "transfer": half})
    monkeypatch.setattr(writing, "encoded", lambda program, name, facts: f"{name} {program} {facts['model']}".encode())
    status, out, err = styler("export", "-o", "graphs", "--dtype", "float16")
    assert status == 0
    assert "wrote graphs/style.onnx" in out + err
    assert (tmp_path / "graphs" / "transfer.onnx").read_bytes() == b"transfer True small"
    assert "Licence: MIT" in (tmp_path / "graphs" / "README.md").read_text(encoding="utf-8")
    status, _, err = styler("export", "-o", "graphs")
    assert status == 1
    assert "graphs/style.onnx exists already" in err
    assert styler("export", "-o", "graphs", "--overwrite", "--quiet") == (0, "", "")


def test_a_model_without_decoders_cannot_be_exported(styler, no_levels):
    status, _, err = styler("export", "-o", "graphs", "--model", no_levels)
    assert status == 1
    assert "no decoder" in err


def test_a_file_is_no_folder(styler, no_levels):
    status, _, err = styler("export", "-o", no_levels)
    assert status == 1
    assert "choose a folder" in err


def test_a_page_needs_its_runtime_and_onnx(styler, tmp_path):
    status, _, err = styler("export", "-o", "site", "--page", tmp_path)
    assert status == 1
    assert "npm pack onnxruntime-web" in err
    assert not (tmp_path / "site").exists()
    assert styler("export", "-o", "site", "--page", tmp_path, "--format", "pt2")[0] == 2
