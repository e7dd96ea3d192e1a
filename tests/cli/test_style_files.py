import json
import subprocess
import sys

import pytest
import torch
from samples import picture
from style_files import style_bytes

from styler.files import sha256
from styler.images import Picture
from styler.model.weights import load_model
from styler.transfer.style import style_of
from styler.transfer.style_file import read_style, save_style
from styler.transfer.stylizer import Stylizer

CHEAP = ["--device", "cpu", "--dtype", "float32"]


@pytest.fixture
def style(styler, tiny_file, picture_file):
    """Return a function that runs `styler style`, where there are a photograph and two paintings."""
    picture_file("photo.png", 40, 56)
    for index in range(2):
        picture_file(f"paintings/{index}.png", 40, 48, seed=index + 1)

    def run(command: str, *arguments: object) -> tuple[int, str, str]:
        place = ["--model", tiny_file, *CHEAP] if command == "save" else []
        return styler("style", command, *arguments, *place)

    return run


@pytest.fixture
def transfer(styler, tiny_file, tmp_path):
    """Return a function that stylizes and returns the samples of the result."""

    def run(*arguments: object) -> torch.Tensor:
        status, _, err = styler("transfer", *arguments, "-o", "x.png", "--overwrite", "--model", tiny_file, *CHEAP)
        assert status == 0, err
        return Picture.open(tmp_path / "x.png").samples.int()

    return run


def test_a_saved_style_is_its_picture(style, transfer, tmp_path):
    status, out, err = style("save", "paintings/0.png", "-o", "a.style")
    assert (status, out) == (0, "")
    assert "the style of 1 picture\n" in err
    assert (tmp_path / "a.style").stat().st_size < 300_000
    from_picture, from_file = transfer("photo.png", "paintings/0.png"), transfer("photo.png", "a.style")
    assert (from_picture - from_file).abs().max() <= 1


def test_a_folder_has_one_common_style(style, tmp_path, tiny_file):
    assert style("save", "paintings", "-o", "both.style")[0] == 0
    encoder = load_model(tiny_file).encoder
    saved = read_style(tmp_path / "both.style")
    together = torch.cat([Picture.open(tmp_path / f"paintings/{index}.png").image for index in range(2)])
    features = encoder(together, "relu1_1").movedim(1, 0).flatten(1).double()  # every position of both pictures
    torch.testing.assert_close(saved["relu1_1"].mean[0].double(), features.mean(1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        saved["relu1_1"].covariance[0].double(), torch.cov(features, correction=0), rtol=1e-3, atol=1e-5
    )
    assert list(saved.sources) == [
        {"name": f"{index}.png", "sha256": sha256(tmp_path / f"paintings/{index}.png")} for index in range(2)
    ]


def test_the_size_at_which_a_style_is_seen_can_be_chosen(style, tmp_path, tiny_file):
    assert style("save", "paintings/0.png", "-o", "a.style", "--style-size", 22)[0] == 0
    found = read_style(tmp_path / "a.style")["relu1_1"].mean
    whole = style_of(load_model(tiny_file).encoder, Picture.open(tmp_path / "paintings/0.png").image)["relu1_1"].mean
    assert not torch.allclose(found, whole, atol=1e-4)


def test_shares_of_a_mixture_are_those_of_weights(style, transfer):
    for index in range(2):
        style("save", f"paintings/{index}.png", "-o", f"{index}.style")
    assert style("mix", "0.style:0.3", "1.style:0.7", "-o", "mix.style")[0] == 0
    weighted = transfer("photo.png", "paintings/0.png", "paintings/1.png", "--weights", "3,7")
    assert (transfer("photo.png", "mix.style") - weighted).abs().max() <= 1
    assert (transfer("photo.png", "0.style") - weighted).abs().max() > 1
    shown = json.loads(style("show", "mix.style", "--json")[1])
    assert [(source["name"], source["share"]) for source in shown["sources"]] == [("0.png", 0.3), ("1.png", 0.7)]


def test_without_shares_they_count_the_same_and_names_may_hold_colons(style, tmp_path):
    style("save", "paintings/0.png", "-o", "a.style")
    (tmp_path / "b:2.style").write_bytes((tmp_path / "a.style").read_bytes())
    (tmp_path / "b:2").write_bytes((tmp_path / "a.style").read_bytes())
    assert style("mix", "a.style", "b:2", "b:2.style:3", "-o", "mix.style")[0] == 0
    assert [source["share"] for source in read_style(tmp_path / "mix.style").sources] == [0.2, 0.2, 0.6]


def test_show_says_what_a_style_is_of_and_for(style, styler, picture_file):
    picture_file("[bold]sea[/x].png".replace("/", ":"), seed=3)
    styler("style", "save", "[bold]sea[:x].png", "-o", "sea.style", *CHEAP)
    status, out, _ = style("show", "sea.style")
    assert status == 0
    assert "sea.style: for small" in out
    assert "[bold]sea[:x].png" in out
    for level in ("relu4_1", "relu2_1", "relu1_1"):
        assert level in out
    shown = json.loads(style("show", "sea.style", "--json")[1])
    assert shown["models"] == ["small"]
    assert shown["levels"]["relu1_1"]["channels"] == 16
    assert all(row["energy"] > 0 and row["directions"] >= 1 for row in shown["levels"].values())


@pytest.mark.parametrize("name", ["[/x]", "\x1b[2J", "\ud800", "a\nb", 7, None, ["x"]])
def test_show_survives_sources_of_any_name(style, tmp_path, tiny_file, name):
    moments = style_of(load_model(tiny_file).encoder, Picture.open(tmp_path / "photo.png").image)
    sources = json.dumps([{"name": name, "share": float("nan")}, {}])
    (tmp_path / "a.style").write_bytes(style_bytes(moments, sources=sources))
    status, out, err = style("show", "a.style")
    assert (status, err) == (0, "")
    assert "\x1b" not in out
    assert "an unknown model" in out
    assert style("show", "a.style", "--json")[0] == 0
    assert style("mix", "a.style", "-o", "b.style")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["save", "none.png", "-o", "x.style"], 1, "none.png"),
        (["save", "empty", "-o", "x.style"], 1, "no pictures in empty"),
        (["save", "broken.png", "-o", "x.style"], 1, "broken.png"),
        (["save", "photo.png", "-o", "x.png"], 1, "ends in .style"),
        (["save", "photo.png", "-o", "no/x.style"], 1, "mkdir"),
        (["save", "photo.png", "-o", "broken.style"], 1, "--overwrite"),
        (["save", "broken.style", "-o", "x.style"], 1, "broken.style"),
        (["save", "-o", "x.style"], 2, "Missing argument"),
        (["show", "none.style"], 1, "none.style"),
        (["show", "broken.style"], 1, "broken.style"),
        (["show", "photo.png"], 1, "photo.png"),
        (["mix", "broken.style", "-o", "x.style"], 1, "broken.style"),
        (["mix", "none.style:0.5", "-o", "x.style"], 1, "none.style"),
        (["mix", "a.style:-1", "-o", "x.style"], 2, "a.style:-1"),
        (["mix", "a.style:nan", "-o", "x.style"], 2, "a.style:nan"),
        (["mix", "a.style:0", "a.style:0", "-o", "x.style"], 2, "weights sum to 0"),
        (["mix", "-o", "x.style"], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(style, tmp_path, arguments, status, word):
    (tmp_path / "broken.png").write_bytes(b"bad")
    (tmp_path / "broken.style").write_bytes(b"bad")
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.rglob("*"))
    ended, out, err = style(*arguments)
    assert (ended, out) == (status, "")
    assert word in err
    assert "Traceback" not in err
    assert status == 2 or (err.startswith("error: ") and len(err.splitlines()) == 2)
    assert sorted(tmp_path.rglob("*")) == before


def test_styles_of_two_models_do_not_mix_and_do_not_fit_the_other(style, styler, tmp_path, tiny_file):
    style("save", "paintings/0.png", "-o", "tiny.style")
    styler("style", "save", "paintings/0.png", "-o", "small.style", *CHEAP)
    assert (tmp_path / "small.style").stat().st_size < 300_000
    status, _, err = style("mix", "tiny.style", "small.style", "-o", "x.style")
    assert (status, "another model" in err) == (2, True)
    status, _, err = styler("transfer", "photo.png", "tiny.style", "-o", "x.png", *CHEAP)
    assert status == 1
    assert err.startswith("error: tiny.style was made with another model than 'small'\n")
    assert not (tmp_path / "x.png").exists()
    transfer = ["transfer", "photo.png", "small.style", "-o", "x.png", *CHEAP]
    assert "choose --model small, or make it again" in styler(*transfer, "--model", tiny_file)[2]
    assert styler(*transfer, "--model", "small")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        "style show NIGHT",
        "style mix NIGHT NIGHT:0.5 -o OUT",
        "style save NIGHT -o NIGHT",
        "transfer a.png NIGHT -o OLD",
    ],
)
def test_quick_answers_come_without_torch(tmp_path, words):
    save_style(Stylizer("small", device="cpu").style(picture(64, 64)), tmp_path / "night.style")
    paths = {
        "NIGHT": str(tmp_path / "night.style"),
        "OUT": str(tmp_path / "out.style"),
        "OLD": str(tmp_path / "old.png"),
    }
    (tmp_path / "old.png").touch()
    arguments = [paths.get(word, word.replace("NIGHT", paths["NIGHT"])) for word in words.split()]
    code = f"import sys; from styler.__main__ import main; sys.argv = ['styler', *{arguments!r}]\n"
    code += "try:\n    main()\nexcept SystemExit:\n    pass\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False", done.stderr
