import json
import os
import signal
import subprocess

import pytest
import torch
from commands import started
from PIL import Image
from safetensors.torch import save_file
from samples import save_painter

from styler.choices import LEVELS
from styler.cli.train import training_device
from styler.images import Picture
from styler.model.encoder import Encoder, convolutions
from styler.model.weights import load_model


@pytest.fixture
def teacher(tmp_path):
    """Return a file with an untrained teacher whose activations neither grow nor fade."""
    encoder, path = Encoder(), tmp_path / "teacher.safetensors"
    for conv in convolutions(encoder):
        torch.nn.init.kaiming_normal_(conv.weight)
        torch.nn.init.zeros_(conv.bias)
    tensors = {key.removeprefix("convs."): value.half() for key, value in encoder.state_dict().items()}
    save_file(tensors, path)
    return path


SHORT = ["--batch", 2, "--crop", 32, "--device", "cpu"]


@pytest.mark.slow
def test_a_model_is_trained_from_nothing_and_used(styler, folder, teacher, tmp_path):
    photos, paintings = folder("photos", 3), folder("paintings", 2)
    (photos / "bad.jpg").write_bytes(b"bad")
    status, _, err = styler(
        *("train", "encoder", photos, "--teacher", teacher, "--size", "base", "-o", "m.safetensors"),
        "--steps",
        4,
        *SHORT,
    )
    assert status == 0, err
    assert "skipped 1 unreadable: bad.jpg" in err
    assert "step 4/4" in err
    record = json.loads((tmp_path / "m.encoder.json").read_text())
    assert record["settings"]["num_steps"] == 4
    assert record["data"] == {"photos": 3, "held out": 3}
    assert set(record["held_out"]) == {*LEVELS, *(f"{level} psnr" for level in LEVELS)}
    assert {"torch", "styler"} <= set(record["versions"])
    with Image.open(tmp_path / "m.encoder.png") as sheet:
        assert sheet.width > 9 * 32

    status, _, err = styler("train", "decoder", photos, paintings, "--model", "m.safetensors", "--steps", 4, *SHORT)
    assert status == 0, err
    model = load_model(tmp_path / "m.safetensors")
    assert (model.encoder.widths, list(model.decoders)) == ((32, 64, 128, 256), list(LEVELS))
    record = json.loads((tmp_path / "m.decoder.json").read_text())
    assert record["data"]["paintings"] == 2
    assert all(value > 0 for value in record["held_out"].values())
    with Image.open(tmp_path / "m.decoder.png") as sheet:
        assert sheet.width > 4 * 32

    arguments = ["train", "decoder", photos, paintings, "--model", "m.safetensors", "--end-to-end", teacher]
    status, _, err = styler(*arguments, "--steps", 2, *SHORT)
    assert status == 0, err
    assert json.loads((tmp_path / "m.cascade.json").read_text())["teacher"] == teacher.name
    trained = load_model(tmp_path / "m.safetensors").modules().state_dict()
    assert all(not torch.equal(value, trained[name]) for name, value in model.modules().state_dict().items())

    arguments = [photos / "0.png", paintings / "1.png", "--model", "m.safetensors", "-o", "x.png"]
    assert styler("transfer", *arguments)[0] == 0


@pytest.mark.slow
def test_a_model_is_computed_from_full_width_networks_and_trained(styler, folder, teacher, tiny_file, tmp_path):
    save_painter(tmp_path / "decoder.safetensors")
    photos, paintings = folder("photos", 3), folder("paintings", 2)
    given = ["--teacher", teacher, "--decoder", "decoder.safetensors", "--pairs", 8, "--crop", 64, "--device", "cpu"]
    arguments = ["train", "narrow", photos, paintings, tiny_file, *given, "-o", "narrow.safetensors"]
    status, _, err = styler(*arguments)
    assert status == 0, err
    assert "relu4_1 conv1_1: unexplained variance" in err
    model, start = load_model(tmp_path / "narrow.safetensors"), load_model(tiny_file)
    assert (model.antialiased, list(model.decoders)) == (True, ["relu4_1", "relu2_1", "relu1_1"])
    finest = model.encoder.convs["conv1_2"].weight, start.encoder.convs["conv1_2"].weight
    torch.testing.assert_close(*finest, atol=1e-3, rtol=1e-3)

    decoder = ["train", "decoder", photos, paintings, "--model", "narrow.safetensors", "--skip", "relu3_1"]
    status, _, err = styler(*decoder, "--end-to-end", teacher, "--steps", 1, *SHORT)
    assert status == 0, err
    status, _, err = styler(*arguments)
    assert (status, "exists already" in err) == (1, True)
    status, _, err = styler(*arguments[:-1], "nowhere/n.safetensors")
    assert (status, "no such folder" in err) == (1, True)
    status, _, err = styler("train", "narrow", photos, paintings, tiny_file, *given[:3], teacher, "-o", "n.safetensors")
    assert (status, "expected" in err) == (1, True), err
    for channels in ("4,6,8", "5,6,8,8", "4,6,8,513"):
        status, _, err = styler(*arguments[:-1], "n.safetensors", "--channels", channels)
        assert (status, "give four numbers: 4 as in the model" in err) == (1, True), err
    status, _, err = styler(*arguments[:-1], "n.safetensors", "--channels", "4,6,8,9")
    assert status == 0, err
    assert load_model(tmp_path / "n.safetensors").encoder.widths == (4, 6, 8, 9)


@pytest.mark.parametrize(("device", "times"), [("cpu", 1), ("meta", 0)])
def test_training_on_a_processor_keeps_freed_memory(monkeypatch, device, times):
    calls = []
    monkeypatch.setattr("styler.process.keep_freed_memory", lambda: calls.append(device))
    monkeypatch.setattr("styler.model.device.find_device", torch.device)
    assert training_device(device).type == device
    assert len(calls) == times


def test_one_level_is_trained_and_the_others_stay(styler, folder, tiny_file):
    before = load_model(tiny_file).modules().state_dict()
    arguments = ["train", "decoder", folder("photos", 2), folder("paintings", 2), "--model", tiny_file]
    status, _, err = styler(*arguments, "--level", "relu2_1", "--steps", 2, *SHORT)
    assert status == 0, err
    for name, value in load_model(tiny_file).modules().state_dict().items():
        assert torch.equal(value, before[name]) == ("relu2_1" not in name), name


def test_decoders_are_trained_into_a_file_not_into_a_shipped_model_by_name(styler, folder, tmp_path):
    status, _, err = styler("train", "decoder", folder("photos", 2), folder("paintings", 2), "--model", "small")
    assert status == 1
    assert "no model file small" in err
    assert not (tmp_path / "small").exists()


def test_a_widened_model_draws_the_same(styler, folder, tiny_file, tmp_path):
    assert styler("train", "widen", tiny_file, "-o", "wide.safetensors")[0] == 0
    narrow, wide = (load_model(path) for path in (tiny_file, tmp_path / "wide.safetensors"))
    assert wide.encoder.widths == tuple(2 * width for width in narrow.encoder.widths)
    pair = [folder("photos", 1) / "0.png", folder("paintings", 1) / "0.png", "--alpha", 0, "--device", "cpu"]
    for name, model in (("a.png", tiny_file), ("b.png", "wide.safetensors")):
        assert styler("transfer", *pair, "--model", model, "-o", name)[0] == 0
    first, second = (Picture.open(tmp_path / name).image for name in ("a.png", "b.png"))
    assert (first - second).abs().max() < 0.02
    status, _, err = styler("train", "widen", tiny_file, "-o", "wide.safetensors")
    assert (status, "exists already" in err) == (1, True)


def test_end_to_end_training_of_one_level_leaves_what_the_other_decoders_read(styler, folder, tiny_file, teacher):
    before = load_model(tiny_file).modules().state_dict()
    photos, paintings = folder("photos", 2), folder("paintings", 2)
    arguments = ["train", "decoder", photos, paintings, "--model", tiny_file, *SHORT]
    arguments += ["--level", "relu4_1", "--skip", "relu3_1", "--end-to-end", teacher, "--steps", 2]
    status, _, err = styler(*arguments)
    assert status == 0, err
    after = load_model(tiny_file)
    assert list(after.decoders) == ["relu4_1", "relu2_1", "relu1_1"]
    kept = ("relu1_1", "relu2_1", "encoder.convs.conv1", "encoder.convs.conv2_1")
    for name, value in after.modules().state_dict().items():
        assert torch.equal(value, before[name]) == any(part in name for part in kept), name
    pair = [photos / "0.png", paintings / "0.png", "--device", "cpu", "--model", tiny_file]
    assert styler("transfer", *pair, "-o", "a.png")[0] == 0
    status, _, err = styler("transfer", *pair, "--levels", "relu3_1", "-o", "b.png")
    assert (status, "no decoder for relu3_1" in err) == (1, True)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--skip", "relu2_1"], "--skip drops"),
        (["--antialiased", "--end-to-end", "vgg19"], "omit --level"),
        (["--content-weight", 0.5], "--end-to-end"),
    ],
)
def test_options_that_contradict_a_level_are_usage_errors(styler, folder, tiny_file, options, word):
    arguments = ["train", "decoder", folder("photos", 2), folder("paintings", 2), "--model", tiny_file]
    status, _, err = styler(*arguments, "--level", "relu2_1", *options)
    assert (status, word in err) == (2, True)


@pytest.mark.slow
def test_training_makes_the_decoders_better(styler, folder, tiny_file, tmp_path):
    arguments = ["train", "decoder", folder("photos", 4), folder("paintings", 2), "--model", tiny_file, *SHORT]
    assert styler(*arguments, "--steps", 1)[0] == 0
    first = json.loads((tmp_path / "tiny.decoder.json").read_text())["held_out"]
    assert styler(*arguments, "--steps", 60, "--rate", 5e-3)[0] == 0
    last = json.loads((tmp_path / "tiny.decoder.json").read_text())["held_out"]
    assert all(last[name] > first[name] + 1 for name in first), (first, last)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"photos": "none"}, "no such folder"),
        ({"photos": "empty"}, "no readable picture"),
        ({"teacher": "none.safetensors"}, "none.safetensors"),
        ({"teacher": "{narrow}"}, "expected"),
        ({"out": "no/such/m.safetensors"}, "no/such"),
        ({"out": "{narrow}"}, "exists already"),
    ],
)
def test_bad_input_is_status_1_and_two_lines(styler, folder, teacher, tmp_path, change, word):
    (tmp_path / "empty").mkdir()
    narrow = tmp_path / "narrow.safetensors"
    tensors = Encoder((4, 6, 8, 10)).state_dict()
    save_file({key.removeprefix("convs."): value for key, value in tensors.items()}, narrow)
    given = {"photos": folder("photos", 2), "teacher": teacher, "out": "m.safetensors"}
    given |= {key: value.format(narrow=narrow) for key, value in change.items()}
    arguments = [given["photos"], "--teacher", given["teacher"], "-o", given["out"]]
    status, _, err = styler("train", "encoder", *arguments, "--steps", 2, *SHORT)
    assert status == 1
    assert word in err
    assert len(err.splitlines()) == 2


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(styler, folder, tiny_file, tmp_path):
    arguments = ["train", "decoder", folder("photos", 3), folder("paintings", 2), "--model", tiny_file]
    process = started(*arguments, *SHORT, "--steps", 20, stderr=subprocess.PIPE)
    assert "step 1/20" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in err
    assert "Traceback" not in err
    assert (tmp_path / "tiny.decoder.ckpt").is_file()
    assert (tmp_path / "tiny.decoder.png").is_file()
    status, _, err = styler(*arguments, *SHORT, "--steps", 20, "--resume")
    assert status == 0, err
    assert "step 20/20" in err


@pytest.mark.parametrize(("crop", "beside"), [(50, "use 48 or 56"), (100, "use 96 or 104"), (150, "use 144 or 152")])
def test_a_crop_that_poolings_would_cut_is_a_usage_error(styler, crop, beside):
    status, _, err = styler("train", "decoder", "photos", "paintings", "--model", "m.safetensors", "--crop", crop)
    assert status == 2
    assert beside in " ".join(err.split())


def test_pictures_are_measured_in_a_bounded_size_however_large_the_crops(styler, folder, tiny_file, monkeypatch):
    sizes = []

    def squares(paths, size):
        sizes.append(size)
        raise KeyboardInterrupt

    monkeypatch.setattr("styler.training.decoders.load_squares", squares)
    arguments = ["train", "decoder", folder("photos", 2), folder("paintings", 2), "--model", tiny_file]
    assert styler(*arguments, "--crop", 4000, "--batch", 1)[0] == 130
    assert sizes == [256]
