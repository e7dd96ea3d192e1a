import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from styler.errors import StylerError
from styler.model import catalog
from styler.model.catalog import find_model
from styler.model.weights import Model, load_model, save_model
from styler.transfer import verification
from styler.transfer.verification import verified


@pytest.fixture
def own(tmp_path):
    """Return a function that changes `small` and writes it to a file of one's own."""

    def write(change) -> Path:
        model = load_model("small")
        change(model)
        save_model(model, tmp_path / "own.safetensors")
        return tmp_path / "own.safetensors"

    return write


def test_shipped_models_are_right():
    for path in catalog.shipped_models():
        found = verified(path)
        assert (found.name, found.is_shipped) == (path.stem, True)
        assert found.sha256 == catalog.shipped_sha256()[path.name]


def test_a_shipped_model_is_known_by_a_relative_path_too(monkeypatch):
    monkeypatch.chdir(catalog.models_folder().parent)
    assert verified(Path("models/small.safetensors")).is_shipped


def test_a_file_of_ones_own_is_tried_without_a_checksum(own):
    found = verified(own(lambda model: model.encoder.convs["conv1_1"].bias.add_(1e-3)))
    assert (found.name, found.is_shipped) == ("own", False)


@pytest.mark.parametrize("place", [-1, 5000])
def test_a_shipped_model_with_one_other_byte_is_refused(tmp_path, monkeypatch, place):
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("SHA256SUMS", "small.safetensors"):
        shutil.copy(catalog.models_folder() / name, folder)
    for module in (catalog, verification):
        monkeypatch.setattr(module, "models_folder", lambda: folder)
    assert verified(find_model("small")).is_shipped
    data = bytearray((folder / "small.safetensors").read_bytes())
    data[place] ^= 1
    (folder / "small.safetensors").write_bytes(data)
    shipped = catalog.shipped_sha256()["small.safetensors"]
    with pytest.raises(
        StylerError, match=rf"small\.safetensors was changed: its SHA-256 is [0-9a-f]{{64}}, not {shipped}"
    ):
        verified(find_model("small"))
    (folder / "small.safetensors").unlink()
    with pytest.raises(StylerError, match="can't read") as caught:
        verified(folder / "small.safetensors")
    assert "install styler again" in caught.value.todo


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named(own, value):
    path = own(lambda model: model.decoders["relu2_1"].convs["conv1_2"].weight[0, 0, 0].fill_(value))
    with pytest.raises(StylerError, match=r"own\.safetensors: decoder\.relu2_1\.convs\.conv1_2\.weight .* not finite"):
        verified(path)


def test_a_torn_file_is_refused(own):
    path = own(lambda model: None)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(StylerError, match=r"can't read .*own\.safetensors"):
        verified(path)


def rolled(network: nn.Module) -> None:
    """Give each channel the next one's weights."""
    for weights in network.state_dict().values():
        weights.copy_(weights.roll(1, 0))


@pytest.mark.parametrize("level", load_model("small").levels)
def test_a_decoder_out_of_order_is_found(own, level):
    with pytest.raises(StylerError, match=f"{level} does not reconstruct a picture on"):
        verified(own(lambda model: rolled(model.decoders[level])))


@pytest.mark.parametrize("factor", [0, 1e-3, 30])
def test_an_encoder_that_the_decoders_do_not_know_is_found(own, factor):
    with pytest.raises(StylerError, match="relu4_1 does not reconstruct a picture"):
        verified(own(lambda model: [weights.mul_(factor) for weights in model.encoder.state_dict().values()]))


def test_an_encoder_alone_and_untrained_networks_are_told_what_they_lack(tiny_model, tiny_file, tmp_path):
    save_model(Model(tiny_model.encoder), tmp_path / "encoder.safetensors")
    with pytest.raises(StylerError, match="no decoders") as caught:
        verified(tmp_path / "encoder.safetensors")
    assert "styler train decoder" in caught.value.todo
    with pytest.raises(StylerError, match="does not reconstruct a picture"):
        verified(tiny_file)


def test_the_picture_that_is_tried_is_one():
    image = verification.ramps()
    assert image.shape == (1, 3, verification.SIZE, verification.SIZE)
    assert (image.min(), image.max()) == (0, 1)
    assert torch.linalg.matrix_rank(torch.cov(image[0].flatten(1))) == 2
