import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from commands import run_process, started
from PIL import Image
from samples import picture

from styler.errors import StylerError
from styler.images import Picture
from styler.images.metadata import Metadata
from styler.images.pixels import to_float
from styler.images.saving import save_image
from styler.transfer import place as placing
from styler.transfer.stylizer import Stylizer


def test_a_picture_is_written_beside_the_user(styler, pair, tmp_path):
    status, out, err = styler("transfer", *pair)
    assert (status, out) == (0, "")
    assert "photo-painting.png (56×40" in err
    with Image.open(tmp_path / "photo-painting.png") as result:
        assert (result.size, result.mode, result.format) == ((56, 40), "RGB", "PNG")


@pytest.mark.parametrize(("ending", "format"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP"), ("tiff", "TIFF")])
def test_the_format_is_that_of_the_ending(styler, pair, tmp_path, ending, format):
    assert styler("transfer", *pair, "-o", f"x.{ending}")[0] == 0
    with Image.open(tmp_path / f"x.{ending}") as result:
        assert result.format == format


def test_nothing_is_overwritten_unless_asked(styler, pair, tmp_path):
    (tmp_path / "x.png").write_text("precious")
    status, _, err = styler("transfer", *pair, "-o", "x.png")
    assert status == 1
    assert "--overwrite" in err
    assert (tmp_path / "x.png").read_text() == "precious"
    assert styler("transfer", *pair, "-o", "x.png", "--overwrite")[0] == 0
    assert Picture.open(tmp_path / "x.png").image.shape == (1, 3, 40, 56)


def test_json_says_what_was_done_in_one_line(styler, pair):
    status, out, _ = styler("transfer", *pair, "--size", 32, "--device", "cpu", "--dtype", "float32", "--json")
    assert status == 0
    (line,) = out.splitlines()
    record = json.loads(line)
    assert record["content_size"] == [56, 40]
    assert record["size"] == [32, 23]
    assert record["model"] == "small"
    assert (record["device"], record["dtype"]) == ("cpu", "float32")
    assert list(record["seconds"]) == [
        "load",
        "style",
        "encode",
        "moments",
        "root",
        "transform",
        "decode",
        "clean",
        "save",
        "total",
    ]
    assert 0 < record["roots"]["residual"] < 1e-2


def test_quiet_says_nothing(styler, pair):
    assert styler("transfer", *pair, "--quiet") == (0, "", "")


def test_every_option_of_the_transfer_changes_the_picture(styler, pair, picture_file, tmp_path):
    other = picture_file("other.png", 48, 48, seed=2)
    styler("transfer", *pair, "-o", "plain.png")
    plain = Picture.open(tmp_path / "plain.png").image
    changes = {
        "alpha": ["--alpha", 0.3],
        "levels": ["--levels", "relu2_1,relu1_1"],
        "alpha by level": ["--alpha", "relu4_1=0.2,relu1_1=0"],
        "style size": ["--style-size", 24],
        "style scale": ["--style-scale", 0.7],
        "luma": ["--preserve-color", "luma"],
        "match": ["--preserve-color", "match"],
        "wct": ["--transform", "wct"],
        "adain": ["--transform", "adain"],
        "region": ["--mask", other, "--style", other],
        "keep": ["--keep", other],
        "styles": [other],
        "weights": [other, "--weights", "0.2,0.8"],
    }
    seen = [plain]
    for name, arguments in changes.items():
        assert styler("transfer", *pair, *arguments, "-o", f"{name}.png")[0] == 0
        image = Picture.open(tmp_path / f"{name}.png").image
        assert all((image - one).abs().mean() > 1e-3 for one in seen), name
        seen.append(image)


@pytest.mark.parametrize("method", ["mpa", "mtp", "newton_schulz", "eigh"])
def test_every_root_gives_the_same_picture(styler, pair, tmp_path, method):
    for name in ("auto", method):
        styler("transfer", *pair, "--method", name, "--dtype", "float32", "-o", f"{name}.png")
    one, other = (Picture.open(tmp_path / f"{name}.png").image for name in ("auto", method))
    assert (one - other).abs().max() <= 3 / 255


def test_transparency_is_carried_through_untouched(styler, pair, tmp_path):
    alpha = torch.rand(1, 1, 40, 56).mul(255).round() / 255
    save_image(picture(40, 56), tmp_path / "cut.png", alpha=alpha)
    assert styler("transfer", "cut.png", pair[1], "-o", "x.png")[0] == 0
    torch.testing.assert_close(to_float(Picture.open(tmp_path / "x.png").alpha), alpha)
    _, _, err = styler("transfer", "cut.png", pair[1], "-o", "x.jpg")
    assert "no transparency" in err


def test_a_sideways_photograph_comes_out_upright(styler, pair, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(pair[0]) as photo:
        photo.save(tmp_path / "turned.jpg", exif=exif)
    styler("transfer", "turned.jpg", pair[1], "-o", "x.png")
    assert Picture.open(tmp_path / "x.png").image.shape == (1, 3, 56, 40)


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (3, 2), (17, 31)])
def test_any_size_keeps_its_size(styler, pair, picture_file, tmp_path, size):
    assert styler("transfer", picture_file("odd.png", *size), pair[1], "-o", "x.png")[0] == 0
    assert Picture.open(tmp_path / "x.png").image.shape == (1, 3, *size)


@pytest.fixture
def left(tmp_path):
    """Return a mask that is white in the left half, black in the right."""
    mask = torch.zeros(1, 3, 40, 56)
    mask[..., :28] = 1
    save_image(mask, tmp_path / "left.png")
    return tmp_path / "left.png"


def test_a_region_alone_leaves_the_rest_of_the_photograph_to_the_bit(styler, pair, left, tmp_path):
    status, _, err = styler("transfer", pair[0], "--mask", left, "--style", pair[1])
    assert status == 0
    assert "photo-painting.png" in err
    photo, result = (Picture.open(path).samples.int() for path in (pair[0], tmp_path / "photo-painting.png"))
    assert result[..., 28:].equal(photo[..., 28:])
    assert (result - photo)[..., :28].abs().float().mean() > 3


def test_every_mask_has_the_style_of_its_place(styler, pair, left, picture_file, tmp_path):
    other = picture_file("other.png", 48, 48, seed=2)
    white = tmp_path / "white.png"
    save_image(torch.ones(1, 3, 9, 9), white)
    styler("transfer", pair[0], other, "-o", "alone.png")
    for name, styles in (("x", [pair[1], other]), ("y", [other, pair[1]])):
        masks = [part for style in styles for part in ("--mask", left if style == pair[1] else white, "--style", style)]
        assert styler("transfer", pair[0], *masks, "-o", f"{name}.png")[0] == 0
    x, y, alone = (Picture.open(tmp_path / f"{name}.png").samples.int() for name in ("x", "y", "alone"))
    assert (x - y).abs().max() <= 2
    assert (x - alone)[..., 40:].abs().float().mean() < (x - alone)[..., :20].abs().float().mean()


def test_what_is_kept_is_the_photograph_to_the_bit(styler, pair, left, tmp_path):
    assert styler("transfer", *pair, "--keep", left, "-o", "x.png")[0] == 0
    photo, result = (Picture.open(path).samples for path in (pair[0], tmp_path / "x.png"))
    assert result[..., :28].equal(photo[..., :28])
    assert not result[..., 28:].equal(photo[..., 28:])


def test_tiles_do_not_show(styler, picture_file, pair, tmp_path):
    large = picture_file("large.png", 140, 200)
    for name, arguments in (("whole", ["--tile", 0]), ("tiles", ["--tile", 64]), ("little", ["--max-memory", "1M"])):
        assert styler("transfer", large, pair[1], *arguments, "--dtype", "float32", "-o", f"{name}.png")[0] == 0
    whole, *others = (Picture.open(tmp_path / f"{name}.png").samples.int() for name in ("whole", "tiles", "little"))
    assert all((other - whole).abs().max() <= 1 for other in others)


def test_16_bits_stay_16(styler, pair, tmp_path):
    save_image(picture(40, 56), tmp_path / "deep.png", depth=16)
    for ending in ("png", "tiff"):
        assert styler("transfer", "deep.png", pair[1], "-o", f"x.{ending}")[0] == 0
        result = Picture.open(tmp_path / f"x.{ending}")
        assert result.depth == 16
        assert (result.samples.int() % 257 != 0).float().mean() > 0.9


def test_metadata_is_kept_or_stripped(styler, pair, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    with Image.open(pair[0]) as photo:
        photo.save(tmp_path / "tagged.jpg", exif=exif)
    for choice in ("keep", "strip"):
        assert styler("transfer", "tagged.jpg", pair[1], "--metadata", choice, "-o", f"{choice}.jpg")[0] == 0
    kept, stripped = (Picture.open(tmp_path / f"{choice}.jpg").metadata for choice in ("keep", "strip"))
    assert b"Camera" in kept.exif
    assert json.loads(kept.settings)["content"]["name"] == "tagged.jpg"
    assert (stripped.exif, stripped.settings) == (None, None)


def test_more_pixels_than_allowed_are_refused(styler, pair):
    status, _, err = styler("transfer", *pair, "--max-pixels", 2000)
    assert status == 1
    assert "--max-pixels" in err
    assert styler("transfer", *pair, "--max-pixels", 2240)[0] == 0


def test_a_size_beyond_all_memory_is_refused(styler, pair):
    for option in ("--size", "--style-size"):
        status, _, err = styler("transfer", *pair, option, 1_000_000)
        assert (status, "too many" in err) == (1, True)


@pytest.mark.parametrize(("size", "side"), [(None, 56), (32, 32), (900, 320)])
def test_a_sheet_shows_strengths_and_levels(styler, pair, tiny_file, tmp_path, size, side):
    arguments = [] if size is None else ["--size", size]
    status, out, _ = styler("transfer", *pair, *arguments, "--sheet", "s.png", "--json", "--model", tiny_file)
    assert status == 0
    sheet = Picture.open(tmp_path / "s.png").samples
    assert json.loads(out) == {"out": "s.png", "size": [sheet.shape[-1], sheet.shape[-2]]}
    height = round(side * 40 / 56)
    assert sheet.shape[-2] == 12 + 4 * (height + 24 + 12)
    assert 4 * side < sheet.shape[-1] < 4 * max(side, 320) + 100
    assert (sheet != 255).any(1).sum() > 16 * side * height * 0.9
    assert not (tmp_path / "photo-painting.png").exists()


def test_a_sheet_is_not_overwritten_unless_asked(styler, pair, tmp_path):
    (tmp_path / "s.png").write_text("precious")
    assert "--overwrite" in styler("transfer", *pair, "--sheet", "s.png")[2]
    assert (tmp_path / "s.png").read_text() == "precious"


def test_a_sheet_takes_its_style_from_a_pipe_too(styler, pair, tiny_file, tmp_path, monkeypatch):
    for name, style in (("file", pair[1]), ("pipe", "-")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pair[1].read_bytes())))
        assert styler("transfer", pair[0], style, "--size", 24, "--sheet", f"{name}.png", "--model", tiny_file)[0] == 0
    assert Picture.open(tmp_path / "pipe.png").samples.equal(Picture.open(tmp_path / "file.png").samples)


def test_names_in_brackets_are_told_as_they_are(styler, pair, tmp_path):
    _, _, err = styler("transfer", *pair, "-o", "[bold]x[:smile:].png")
    assert "[bold]x[:smile:].png" in err


def test_notes_of_the_work_are_told(styler, pair, monkeypatch):
    cascade = placing.cascade

    def small_only(*args, tile, **how):
        if tile is None:
            raise torch.OutOfMemoryError("out of memory")
        return cascade(*args, tile=tile, **how)

    monkeypatch.setattr(placing, "cascade", small_only)
    status, _, err = styler("transfer", *pair, "--device", "cpu")
    assert status == 0
    assert err.startswith("warning: cpu is out of memory, so the picture is processed in tiles of 512 pixels\n")


def test_bytes_go_through_the_pipes_and_words_to_standard_error(pair, tmp_path):
    result = run_process("transfer", "-", pair[1], "-o", "-", "--json", input=pair[0].read_bytes(), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    with Image.open(io.BytesIO(result.stdout)) as image:
        assert image.size == (56, 40)
    assert json.loads(result.stderr)["out"] == "-"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--alpha", 2], "alpha"),
        (["--levels", "relu9_9"], "relu9_9"),
        (["--alpha", "relu9_1=1"], "relu9_1"),
        (["--alpha", "relu4_1=2"], "--alpha"),
        (["--tile", "x"], "--tile"),
        (["--max-memory", "x"], "--max-memory"),
        (["--max-memory", "1K"], "--max-memory"),
        (["--out", "a.png", "--sheet", "b.png"], "--sheet"),
        (["--levels", "relu4_1", "--alpha", "relu1_1=1"], "not among"),
        (["--mask", "a.png"], "1 --mask and 0 --style"),
        (["--style", "a.png"], "0 --mask and 1 --style"),
        (["--mask", "-", "--style", "a.png"], "standard input"),
        (["--keep", "-"], "standard input"),
        (["--transform", "magic"], "magic"),
        (["--preserve-color", "all"], "all"),
        (["--metadata", "some"], "some"),
        (["--style-scale", 0], "style-scale"),
        (["--style-size", 10**7], "style-size"),
        (["--max-pixels", 0], "max-pixels"),
        (["--weights", "1,2,3"], "3 --weights for 1 styles"),
        (["--weights", "much"], "much"),
        (["--weights", "nan"], "nan"),
        (["--size", 0], "size"),
        (["--method", "magic"], "magic"),
        (["--dtype", "int8"], "int8"),
        (["--colour"], "--colour"),
    ],
)
def test_wrong_usage_is_status_2_and_names_the_option(styler, pair, arguments, word):
    status, _, err = styler("transfer", *pair, *arguments)
    assert status == 2
    assert word in err


def test_standard_input_is_read_only_once(styler):
    assert styler("transfer", "-", "-")[0] == 2


def test_without_a_style_or_a_mask_there_is_nothing_to_do(styler, pair):
    status, _, err = styler("transfer", pair[0])
    assert status == 2
    assert "give a STYLE" in err
    assert styler("transfer", pair[0], "--weights", "1", "--mask", "m.png", "--style", "s.png")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["none.jpg", "{style}"], "none.jpg"),
        (["{photo}", "none.jpg"], "none.jpg"),
        (["broken.jpg", "{style}"], "broken.jpg"),
        ([".", "{style}"], "folder"),
        (["{photo}", "{style}", "--device", "cuda:77"], "cuda:77"),
        (["{photo}", "{style}", "--model", "huge"], "small"),
        (["{photo}", "{style}", "--model", "broken.jpg"], "broken.jpg"),
        (["{photo}", "{style}", "-o", "no/such/folder/x.png"], "mkdir"),
        (["{photo}", "{style}", "-o", "x.gif"], ".png"),
        (["{photo}", "{style}", "-o", "x"], ".png"),
    ],
)
def test_a_failed_run_is_status_1_and_two_lines(styler, pair, tmp_path, arguments, word):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    before = sorted(tmp_path.iterdir())
    names = {"photo": pair[0], "style": pair[1]}
    status, out, err = styler("transfer", *(argument.format(**names) for argument in arguments))
    assert (status, out) == (1, "")
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 2
    assert word in err
    assert sorted(tmp_path.iterdir()) == before


def test_with_debugging_an_error_is_left_to_python_which_prints_its_traceback(styler, monkeypatch):
    monkeypatch.setenv("STYLER_DEBUG", "1")
    with pytest.raises(StylerError, match=r"none\.jpg"):
        styler("transfer", "none.jpg", "none.png")


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_an_interrupt_is_status_130_and_leaves_nothing(pair, tmp_path):
    before = sorted(tmp_path.iterdir())
    process = started("transfer", "-", pair[1], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    process.stdin.write("x" * 10**6)  # more than a pipe holds: returns when it is being read
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


def test_help_and_version_import_neither_torch_nor_torchvision():
    code = (
        "import sys; from styler.cli import main; sys.argv = ['styler', '{}']\ntry: main()\nexcept SystemExit: pass\n"
    )
    code += "print(sorted(set('torch torchvision numpy PIL'.split()) & set(sys.modules)))"
    for option in ("--help", "--version"):
        result = subprocess.run([sys.executable, "-c", code.format(option)], capture_output=True, text=True, check=True)
        assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_a_transfer_imports_neither_torchvision_nor_the_compiler_nor_its_algebra(pair, tmp_path):
    code = f"import sys; from styler.cli import main; sys.argv = {['styler', 'transfer', *map(str, pair)]!r}\n"
    code += "try: main()\nexcept SystemExit: pass\n"
    code += "print(sorted(set('torch torchvision torch._dynamo torch._inductor sympy'.split()) & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.splitlines()[-1] == "['torch']"


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], {}),
        (
            ["--alpha", "0.6", "--size", "40", "--preserve-color", "luma"],
            {"alpha": 0.6, "size": 40, "preserve_color": "luma"},
        ),
        (
            ["--levels", "relu2_1,relu1_1", "--style-scale", "0.5"],
            {"levels": ["relu2_1", "relu1_1"], "style_scale": 0.5},
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.tif"])
def test_the_command_and_the_library_write_the_same_bytes(styler, pair, tmp_path, tiny_file, name, arguments, options):
    content = tmp_path / "deep.png"
    deep = (picture(40, 56) * 65535).to(torch.uint16)
    Picture(deep, deep[:, :1], 16, Metadata(xmp=b"<x:xmpmeta/>")).save(content)
    assert styler("transfer", content, pair[1], "-o", f"command-{name}", "--model", tiny_file, *arguments)[0] == 0
    Stylizer(tiny_file).stylize(content, pair[1], **options).save(f"library-{name}")
    assert (tmp_path / f"command-{name}").read_bytes() == (tmp_path / f"library-{name}").read_bytes()


@pytest.mark.parametrize("address", ["http://x.org/y.jpg", "HTTPS://x.org/y.jpg"])
def test_an_address_on_the_web_is_named_as_one(styler, pair, address):
    for pictures in ((address, pair[1]), (pair[0], address)):
        status, _, err = styler("transfer", *pictures, "-o", "x.png")
        assert (status, err.splitlines()[0]) == (1, f"error: {address} is an address on the web")


@pytest.mark.parametrize("model", [True, False])
def test_a_picture_as_a_model_or_a_style_file_is_named_as_one(styler, pair, model):
    commands = ["transfer", *pair, "--model", pair[0]] if model else ["style", "show", pair[0]]
    status, _, err = styler(*commands)
    assert status == 1
    assert "is a picture, not a model or a .style file" in err
    assert "styler style save" in err


@pytest.mark.parametrize("option", [("--style-size", 99), ("--style-scale", 0.5)])
def test_a_style_file_is_not_analysed_at_another_size(styler, pair, option):
    status, _, err = styler("transfer", pair[0], "night.style", *option)
    assert status == 2
    assert f"{option[0]} does nothing with night.style" in " ".join(err.split())
    assert "styler style save PICTURE --style-size" in " ".join(err.split())


@pytest.mark.skipif(os.name == "nt", reason="needs a shell and pseudo-terminals")
@pytest.mark.slow
def test_closed_full_and_terminal_streams_are_one_error(pair, tmp_path):
    def run(words: str) -> tuple[int, str]:
        command = f"{sys.executable} -m styler {words}"
        found = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
        return found.returncode, found.stderr

    assert run(f"transfer - {pair[1]} <&-")[1].startswith("error: standard input is closed\n")
    assert run(f"transfer {pair[0]} {pair[1]} -o - >&-")[1].startswith("error: standard output is closed\n")
    if Path("/dev/full").exists():
        status, err = run("models path small > /dev/full")
        assert (status, err.splitlines()[0]) == (1, "error: cannot write standard output: No space left on device")


def test_a_picture_is_not_written_to_a_terminal(styler, pair, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    status, _, err = styler("transfer", *pair, "-o", "-")
    assert status == 2
    assert "redirect it" in err


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")])
def test_memory_that_runs_out_anywhere_is_one_error(styler, pair, monkeypatch, error):
    def failing(*_, **__):
        raise error

    monkeypatch.setattr("styler.transfer.stylizer.with_kept_content", failing)
    assert styler("transfer", *pair, "-o", "x.png")[::2] == (
        1,
        "error: out of memory\nchoose a smaller --size or --max-memory\n",
    )


@pytest.mark.parametrize(("size", "suffix"), [(16_384, "webp"), (65_501, "jpg")])
def test_a_format_that_cannot_hold_the_result_is_refused_before_the_work(styler, picture_file, pair, size, suffix):
    line = picture_file("line.png", 1, 64)
    status, _, err = styler("transfer", line, pair[1], "--size", size, "-o", f"x.{suffix}", "--model", "none.pt")
    assert status == 1
    assert f"cannot hold {size}×" in err
