import pytest
import torch
from safetensors.torch import save_file
from samples import TINY, picture
from served_files import put
from torch import nn

from styler.errors import StylerError
from styler.model import weights
from styler.model.catalog import shipped_models
from styler.model.encoder import convolutions
from styler.model.weights import Model, downloaded_weights, load_model, read_tensors, save_model


def test_a_model_comes_back_from_its_file_in_half_precision(tiny_model, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_model(tiny_model, path)
    loaded = load_model(path)
    assert loaded.name == "mine"
    assert loaded.encoder.widths == TINY
    for name, tensor in tiny_model.modules().state_dict().items():
        torch.testing.assert_close(loaded.modules().state_dict()[name], tensor.half().float(), rtol=0, atol=0)


@pytest.mark.parametrize("path", shipped_models(), ids=lambda path: path.stem)
def test_activations_of_shipped_models_fit_half_precision(path):
    model, peaks = load_model(path), []
    for conv in (x for network in (model.encoder, *model.decoders.values()) for x in convolutions(network)):
        conv.register_forward_hook(lambda conv, images, out: peaks.append(out.abs().max()))
    for image in (picture(64, 64), torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)):
        for level, decoder in model.decoders.items():
            decoder(model.encoder(image, level))
    assert max(peaks) < torch.finfo(torch.half).max / 10


def test_an_encoder_alone_is_a_model_without_decoders(tiny_model, tmp_path):
    path = tmp_path / "encoder.safetensors"
    save_model(Model(tiny_model.encoder), path)
    assert load_model(path).decoders == {}


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00" * 100, b"not a model", b"\xff" * 8 + b"{}"])
def test_a_broken_file_is_an_error_that_names_it(content, tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    with pytest.raises(StylerError, match=r"broken\.safetensors"):
        load_model(path)


def test_the_error_for_a_missing_file_says_that_it_is_missing(tmp_path):
    with pytest.raises(StylerError, match=r"no such file: .*gone\.style"):
        read_tensors(tmp_path / "gone.style")


def test_a_safetensors_file_with_other_tensors_is_not_a_model(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(3)}, path)
    with pytest.raises(StylerError, match="not a styler model"):
        load_model(path)


@pytest.mark.parametrize("shape", [(0,), (3, 3), (10**6,), ()])
def test_wrong_widths_are_refused(shape, tiny_model, tmp_path):
    path = tmp_path / "lying.safetensors"
    tensors = {key: value.contiguous() for key, value in tiny_model.modules().state_dict().items()}
    tensors["encoder.convs.conv4_1.bias"] = torch.zeros(shape)
    save_file(tensors, path, {"format": weights.FORMAT})
    with pytest.raises(StylerError, match=r"lying\.safetensors"):
        load_model(path)


def test_integer_weights_are_refused(tiny_model, tmp_path):
    path = tmp_path / "whole.safetensors"
    state = tiny_model.modules().state_dict()
    save_file({key: value.long().contiguous() for key, value in state.items()}, path, {"format": weights.FORMAT})
    with pytest.raises(StylerError, match=r"whole\.safetensors: expected floats in .*, got torch\.int64"):
        load_model(path)


def test_a_missing_tensor_is_named(tiny_model, tmp_path):
    path = tmp_path / "short.safetensors"
    tensors = {key: value.contiguous() for key, value in tiny_model.modules().state_dict().items()}
    del tensors["decoder.relu3_1.convs.conv2_1.weight"]
    save_file(tensors, path, {"format": weights.FORMAT})
    with pytest.raises(StylerError, match=r"decoder\.relu3_1\.convs\.conv2_1\.weight"):
        load_model(path)


def test_weights_are_downloaded_and_their_hash_is_checked(served, tmp_path):
    state = nn.Conv2d(3, 4, 3).state_dict()
    name = put(tmp_path / "served", state)
    found = downloaded_weights(f"{served}/{name}")
    assert all(torch.equal(found[key], value) for key, value in state.items())


def test_a_wrong_hash_and_a_missing_file_are_errors_of_two_lines(served, tmp_path):
    name = put(tmp_path / "served", {"x": torch.zeros(1)}, digits="01234567")
    for address in (f"{served}/{name}", f"{served}/none-01234567.pth", "http://127.0.0.1:9/x-01234567.pth"):
        with pytest.raises(StylerError, match="can't download") as caught:
            downloaded_weights(address)
        assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("name", ["x" * 300, "nul\0"])
def test_an_impossible_file_name_is_an_unknown_model(name):
    with pytest.raises(StylerError, match="no model"):
        load_model(name)
