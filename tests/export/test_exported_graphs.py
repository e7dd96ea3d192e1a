"""Exported files, and the engine that runs them without torch.

In one file, so that the graphs are exported once: onnxruntime and torch agree, only standard operators, the same bytes
again, a card with hashes.
"""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from samples import picture
from snippets import ROOT, shown

from styler import cli
from styler.cli.bench_engines import comparison_table
from styler.errors import StylerError
from styler.export import extra
from styler.export.engine_comparison import EngineRow
from styler.export.graph_cache import are_cached, graphs_folder
from styler.export.onnx_model import OPSET, check_operators
from styler.export.programs import programs_of
from styler.export.writing import encoded, export_model, facts_of
from styler.files import read_sha256_list, sha256
from styler.model.weights import Model, load_model, save_model
from styler.transfer.cascade import cascade
from styler.transfer.style import style_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shallow(tmp_path_factory):
    """Return the file of a model with the finest decoder of `small` alone: a quarter of the time to export."""
    small = load_model("small")
    path = tmp_path_factory.mktemp("models") / "shallow.safetensors"
    save_model(Model(small.encoder, {"relu1_1": small.decoders["relu1_1"]}), path)
    return path


@pytest.fixture(scope="module")
def folder(shallow, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export_model(shallow, folder, masks=True)
    return folder


@pytest.fixture(scope="module")
def programs(shallow):
    """Return the graphs, traced once more."""
    return programs_of(load_model(shallow))


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    return onnxruntime.InferenceSession(path, options)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 40), (31, 47), (64, 64)])
def test_onnxruntime_gives_the_picture_of_the_library_at_any_size(shallow, folder, height, width):
    content, painting = picture(height, width), picture(45, 37, seed=1)
    style, transfer = session(folder / "style.onnx"), session(folder / "transfer.onnx")
    names = [output.name for output in style.get_outputs()]
    found = dict(zip(names, style.run(None, {"picture": painting.numpy()}), strict=True))
    feeds = {"content": content.numpy(), "strength": np.ones(1, np.float32)}
    (stylized,) = transfer.run(["stylized"], feeds | found)
    model = load_model(shallow)
    with torch.no_grad():
        known = style_of(model.encoder, painting)
        expected = cascade(model, content, known, levels=["relu1_1"], method="eigh")
    assert (torch.from_numpy(stylized) - expected).abs().max() * 255 < 0.1
    np.testing.assert_allclose(found["relu1_1.covariance"], known["relu1_1"].covariance, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["roughness"], known.roughness, atol=5e-4)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_onnxruntime_gives_the_picture_of_the_library_with_any_number_of_masks(shallow, folder, count):
    content, masks = picture(31, 47), torch.rand(count, 1, 31, 47).round()
    model = load_model(shallow)
    with torch.no_grad():
        styles = [style_of(model.encoder, picture(45, 37, seed=seed), ["relu1_1"]) for seed in range(count + 1)]
        expected = cascade(model, content, styles, masks=masks, levels=["relu1_1"], method="eigh")
    feeds = {
        "content": content.numpy(),
        "masks": masks.numpy(),
        "strength": np.ones(1, np.float32),
        "roughness": np.array([style.roughness[0] for style in styles], np.float32),
        "relu1_1.mean": np.concatenate([style["relu1_1"].mean for style in styles]),
        "relu1_1.covariance": np.concatenate([style["relu1_1"].covariance for style in styles]),
    }
    (stylized,) = session(folder / "transfer-masks.onnx").run(["stylized"], feeds)
    assert (torch.from_numpy(stylized) - expected).abs().max() * 255 < 0.1


def shapes_of(path) -> dict[str, list[int | str]]:
    model = onnx.load(path)
    return {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }


def test_graphs_have_readable_names_and_metadata(shallow, folder):
    picture_shape = [1, 3, "height", "width"]
    assert shapes_of(folder / "transfer.onnx") == {
        "content": picture_shape,
        "strength": [1],
        "roughness": [1],
        "relu1_1.mean": [1, 16],
        "relu1_1.covariance": [1, 16, 16],
        "stylized": picture_shape,
    }
    masked = shapes_of(folder / "transfer-masks.onnx")
    assert masked["masks"] == ["masks", 1, "height", "width"]
    assert masked["roughness"] == ["styles"]
    assert masked["relu1_1.covariance"] == ["styles", 16, 16]
    facts = {entry.key: entry.value for entry in onnx.load(folder / "transfer.onnx").metadata_props}
    assert facts["model_sha256"] == sha256(shallow)
    assert facts["licence"] == "that of the model's owner"
    assert {"model", "encoder", "version", "dtype"} <= facts.keys()


def test_graphs_use_the_standard_operators_of_one_opset(folder):
    for name in ("style", "transfer", "transfer-masks"):
        model = onnx.load(folder / f"{name}.onnx")
        check_operators(model)
        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
    model.graph.node[0].domain = "com.microsoft"
    with pytest.raises(ValueError, match="expected operators of opset 18"):
        check_operators(model)


def test_the_examples_in_python_run(folder, picture_file, tmp_path, monkeypatch):
    for seed, name in enumerate(("photo.jpg", "painting.jpg", "second.jpg", "mask.png")):
        picture_file(name, seed=seed)
    shutil.copytree(folder, tmp_path / "graphs")
    monkeypatch.chdir(tmp_path)
    code = "\n".join(shown((ROOT / "docs" / "export.md").read_text(encoding="utf-8"), "python"))
    exec(compile(code.replace("np.ones(4", "np.ones(1"), "export.md", "exec"), {})
    for name in ("result.png", "masked.png"):
        with Image.open(name) as image:
            assert image.size == (64, 48)


def test_exporting_again_gives_the_same_bytes(shallow, folder, programs):
    facts = facts_of(shallow, format="onnx", dtype="float32")
    assert encoded(programs["transfer"], "transfer", facts) == (folder / "transfer.onnx").read_bytes()


def test_weights_are_stored_in_half_precision(folder):
    stored = {tensor.data_type for tensor in onnx.load(folder / "style.onnx").graph.initializer if tensor.dims}
    assert onnx.TensorProto.FLOAT not in {
        tensor.data_type for tensor in onnx.load(folder / "style.onnx").graph.initializer if np.prod(tensor.dims) > 500
    }
    assert onnx.TensorProto.FLOAT16 in stored


def test_the_graphs_of_small_take_5_megabytes_together(tmp_path):
    export_model("small", tmp_path)
    assert (tmp_path / "transfer.onnx").stat().st_size <= 3_800_000
    assert (tmp_path / "style.onnx").stat().st_size <= 1_400_000


def test_the_list_of_hashes_and_the_card_name_all_graphs(folder):
    sums = read_sha256_list(folder / "SHA256SUMS")
    assert sums == {name: sha256(folder / name) for name in ("style.onnx", "transfer.onnx", "transfer-masks.onnx")}
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert all(digits in card for digits in sums.values())
    assert "Licence: that of the model's owner" in card


def test_an_archive_of_torch_export_gives_the_same_style(folder, programs):
    archive = encoded(programs["style"], "style", {"format": "pt2", "licence": "MIT"})
    facts = {"styler.licence": ""}
    style = torch.export.load(io.BytesIO(archive), extra_files=facts).module()
    assert facts["styler.licence"] == "MIT"
    painting = picture(29, 41)
    expected = session(folder / "style.onnx").run(None, {"picture": painting.numpy()})
    for found, known in zip(style(painting), expected, strict=True):
        torch.testing.assert_close(found, torch.from_numpy(known), rtol=1e-4, atol=1e-5)


def test_a_missing_package_and_a_file_that_exists_are_named(shallow, folder, tmp_path, monkeypatch):
    with pytest.raises(StylerError, match="exists already"):
        export_model(shallow, folder)
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    with pytest.raises(StylerError, match="needs onnx and onnxscript") as raised:
        export_model(shallow, tmp_path)
    assert "styler[onnx]" in str(raised.value)


@pytest.fixture
def cached(shallow, folder, tmp_path, monkeypatch):
    """Put the graphs of the shallow model into a user's cache, and return the model's file."""
    monkeypatch.setenv("STYLER_CACHE", str(tmp_path / "cache"))
    assert not are_cached(shallow)
    shutil.copytree(folder, graphs_folder(shallow))
    return shallow


@pytest.fixture
def transfer(monkeypatch, tmp_path, capfd, cached):
    """Return a function that runs `styler transfer` and returns the status, what it printed, and the errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, command: str = "transfer") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["styler", command, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capfd.readouterr()

    return run


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def test_the_command_imports_no_torch_with_the_engine_onnx(cached, picture_file, tmp_path):
    words = ["styler", "transfer", picture_file("a.png"), picture_file("b.png", seed=1)]
    words += ["-o", tmp_path / "out.png", "--engine", "onnx", "--model", cached]
    code = f"import sys; from styler.cli import main; sys.argv = {list(map(str, words))!r}\n"
    code += "try: main()\nexcept SystemExit as ended: print(ended.code)\n"
    code += "print(sorted({'torch', 'torchvision'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.endswith("[]\n")
    assert (tmp_path / "out.png").is_file()
    assert [path.name for path in graphs_folder(cached).glob("transfer-*.onnx")]  # the optimized graph


def test_both_engines_write_the_same_picture(transfer, cached, picture_file, tmp_path):
    files = [picture_file("a.png", 61, 83), picture_file("b.jpg", 90, 70, seed=1), picture_file("c.png", seed=2)]
    how = [
        "--weights",
        "0.7,0.3",
        "--alpha",
        "0.8",
        "--size",
        "70",
        "--style-scale",
        "0.5",
        "--model",
        cached,
        "--json",
    ]
    for engine in ("onnx", "torch"):
        status, out, _ = transfer(*files, *how, "--engine", engine, "--dtype", "float32", "-o", f"{engine}.png")
        assert status == 0
        summary = json.loads(out)
        assert summary["engine"] == engine
        assert summary["size"] == [70, 51]
        assert summary["alpha"] == {"relu1_1": 0.8}
    off = np.abs(pixels("onnx.png") - pixels("torch.png"))
    assert off.max() <= 1
    assert off.mean() < 0.01


def test_a_picture_made_without_torch_is_replayed_bit_for_bit(transfer, cached, picture_file):
    assert (
        transfer(picture_file("a.png"), picture_file("b.png"), "--engine", "onnx", "-m", cached, "-o", "o.png")[0] == 0
    )
    status, out, err = transfer("o.png", "-m", cached, command="replay")
    assert status == 0, err
    assert "identical, bit for bit" in out + err


def test_a_style_file_gives_the_picture_of_its_picture(transfer, cached, picture_file):
    content, painting = picture_file("a.png"), picture_file("b.png", 40, 40, seed=1)
    assert transfer("save", painting, "-o", "b.style", "--model", cached, command="style")[0] == 0
    assert transfer(content, painting, "--engine", "onnx", "-m", cached, "-o", "one.png")[0] == 0
    assert transfer(content, "b.style", "--engine", "onnx", "-m", cached, "-o", "two.png")[0] == 0
    assert np.abs(pixels("one.png") - pixels("two.png")).max() <= 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--detail", "0.5"], "--detail"),
        (["--transform", "wct"], "another --transform"),
        (["--max-memory", "100M"], "tiles for the memory limit"),
    ],
)
def test_torch_does_what_the_engine_cannot_and_a_note_says_so(transfer, cached, picture_file, options, words):
    files = picture_file("a.png"), picture_file("b.png", seed=1)
    status, out, err = transfer(*files, *options, "--engine", "onnx", "-m", cached, "-o", "out.png")
    assert status == 0
    assert f"note: {words} needs torch" in out + err
    assert pixels("out.png").shape == (48, 64, 3)


def test_transparent_pictures_need_torch(transfer, cached, picture_file, tmp_path):
    Image.fromarray(np.full((20, 30, 4), 128, np.uint8)).save(tmp_path / "clear.png")
    status, out, err = transfer("clear.png", picture_file("b.png"), "--engine", "onnx", "-m", cached, "-o", "out.png")
    assert status == 0
    assert "note: transparency needs torch" in out + err


def test_a_damaged_graph_is_named(transfer, cached, picture_file):
    (graphs_folder(cached) / "style.onnx").write_bytes(b"nonsense")
    status, _, err = transfer(picture_file("a.png"), picture_file("b.png"), "--engine", "onnx", "-m", cached)
    assert status == 1
    assert "style.onnx" in err
    assert "export it again" in err


def test_the_engines_are_compared(transfer, cached, picture_file, tmp_path):
    picture_file("photos/a.png"), picture_file("paintings/b.png", seed=1)
    words = ["photos", "paintings", "--pairs", "2", "--sizes", "48,64", "--cold", "1", "--model", cached]
    status, out, _ = transfer("engines", *words, "--json", command="bench")
    assert status == 0
    *warm, cold = json.loads(out)["rows"]
    assert [row["what"] for row in (*warm, cold)] == ["48 warm", "64 warm", "48 cold"]
    assert max(row["largest"] for row in warm) < 0.1
    assert all(len(row["ratio_by_run"]) == 2 for row in warm)
    assert cold["onnx_peak_mib"] < cold["torch_peak_mib"]
    assert cold["ratio"] == cold["onnx_seconds"] / cold["torch_seconds"]


def test_the_comparison_of_engines_is_shown_as_a_table():
    rows = [
        EngineRow("512 warm", 0.5, 0.3, [0.6, 0.5, 0.7], largest=0.02, mean=0.0003),
        EngineRow("512 cold", 4.0, 1.0, [0.25], torch_peak_mib=700, onnx_peak_mib=250),
    ]
    _, _, warm, cold = comparison_table(rows).splitlines()
    assert warm == "| 512 warm | 0.500 | 0.300 | 0.60 |  |  | 0.02 | 0.0003 |"
    assert cold == "| 512 cold | 4.000 | 1.000 | 0.25 | 700 | 250 |  |  |"


def test_a_missing_runtime_is_named(transfer, cached, picture_file, monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    status, _, err = transfer(picture_file("a.png"), picture_file("b.png"), "--engine", "onnx", "-m", cached)
    assert status == 1
    assert "needs onnxruntime" in err
