"""`--refine` of `styler transfer`, `styler batch`, `styler style save` and `styler replay`."""

import json
import signal
import subprocess
import time

import pytest
from commands import started
from refining import vgg_file

from styler.images import Picture

CHEAP = ["--device", "cpu", "--dtype", "float32", "--size", 32]


@pytest.fixture
def refine(tmp_path):
    return ["--refine", 2, "--refine-with", vgg_file(tmp_path / "vgg.safetensors")]


def samples(path):
    return Picture.open(path).samples


def test_a_picture_is_refined_previewed_and_made_again_to_the_bit(styler, pair, refine, tmp_path):
    assert styler("transfer", *pair, *CHEAP, "-o", "plain.png")[0] == 0
    status, out, err = styler("transfer", *pair, *CHEAP, *refine, "-o", "x.png", "--preview", "p.png", "--json")
    assert status == 0, err
    summary = json.loads(out)
    assert summary["interrupted"] is False
    assert summary["seconds"]["refine"] > 0
    assert not samples(tmp_path / "x.png").equal(samples(tmp_path / "plain.png"))
    assert samples(tmp_path / "p.png").equal(samples(tmp_path / "x.png"))
    status, _, err = styler("replay", "x.png", "-o", "again.png")
    assert (status, err.splitlines()[-1]) == (0, "identical, bit for bit")
    assert "refining: step 2 of 2, loss " in err


def test_masks_keep_colors_and_several_styles_go_with_it(styler, pair, picture_file, refine, tmp_path):
    mask, other = picture_file("mask.png", seed=2), picture_file("other.png", seed=3)
    options = ["--mask", mask, "--style", other, "--keep", mask, "--preserve-color", "luma", "--alpha", 0.7]
    status, _, err = styler("transfer", *pair, other, *options, *CHEAP, *refine, "-o", "x.png", "--preview", "p.png")
    assert status == 0, err
    assert samples(tmp_path / "p.png").equal(samples(tmp_path / "x.png"))
    assert styler("transfer", *pair, "--preserve-color", "match", *CHEAP, *refine, "-o", "y.png")[0] == 0


def test_style_files_hold_what_refining_needs(styler, pair, refine, tmp_path):
    network = refine[2:]
    for name, options in (("with", network), ("without", [])):
        assert styler("style", "save", pair[1], "-o", f"{name}.style", "--style-size", 32, *CHEAP[:4], *options)[0] == 0
    assert "a loss network" in styler("style", "show", "with.style")[1]
    assert styler("style", "mix", "with.style", "with.style:3", "-o", "mixed.style")[0] == 0
    status, _, err = styler("transfer", pair[0], "without.style", *CHEAP, *refine, "-o", "x.png")
    assert status == 1
    assert "without.style was made without a loss network" in err
    assert "styler style save PICTURE -o NAME.style --refine-with FILE" in err
    for name in ("with", "mixed"):
        assert styler("transfer", pair[0], f"{name}.style", *CHEAP, *refine, "-o", f"{name}.png")[0] == 0
    status, *_ = styler("transfer", pair[0], pair[1], "--style-size", 32, *CHEAP, *refine, "-o", "picture.png")
    assert samples(tmp_path / "with.png").float().sub(samples(tmp_path / "picture.png").float()).abs().max() <= 1


def test_a_batch_refines_as_a_transfer_does(styler, pair, refine, tmp_path):
    assert styler("transfer", *pair, *CHEAP, *refine, "-o", "x.png")[0] == 0
    (tmp_path / "photos").mkdir()
    pair[0].rename(tmp_path / "photos" / "photo.jpg")
    arguments = ["batch", "photos", pair[1], "-o", "out", *CHEAP, *refine]
    assert "1 picture" in styler(*arguments, "--dry-run")[2]
    status, _, err = styler(*arguments)
    assert status == 0, err
    assert samples(tmp_path / "out" / "photo-painting.png").equal(samples(tmp_path / "x.png"))
    assert "done before" in styler(*arguments)[2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--refine", 5], "--refine-with vgg19"),
        (["--refine-with", "vgg19"], "--refine N"),
        (["--preview", "p.png"], "--refine N"),
        (["--refine", 5, "--refine-with", "vgg19", "--sheet", "s.png"], "--sheet"),
        (["--refine", 5, "--refine-with", "vgg19", "-o", "x.png", "--preview", "x.png"], "x.png, which is the output"),
        (["--refine", 5, "--refine-with", "vgg19", "--preview", "photo.jpg"], "photo.jpg, which is an input"),
        (["--refine", -1, "--refine-with", "vgg19"], "--refine"),
    ],
)
def test_options_that_do_not_go_together_are_usage_errors(styler, pair, options, words):
    status, _, err = styler("transfer", *pair, *options)
    assert status == 2
    assert words in err


def test_a_network_of_other_shapes_is_one_error(styler, pair, tiny_file):
    status, _, err = styler("transfer", *pair, "--refine", 5, "--refine-with", tiny_file, "-o", "x.png")
    assert status == 1
    assert "tiny.safetensors: expected convs" in err
    assert len(err.splitlines()) == 2


def test_an_interrupt_keeps_the_best_picture_so_far(pair, refine, tmp_path):
    arguments = ["transfer", *pair, *CHEAP, "--refine", 10**5, *refine[2:], "-o", "x.png", "--preview", "p.png"]
    process = started(*arguments, cwd=tmp_path, stderr=subprocess.PIPE)
    while not (tmp_path / "p.png").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "interrupted: the picture is the best one so far" in err
    assert samples(tmp_path / "x.png").shape == (1, 3, 23, 32)
    assert Picture.open(tmp_path / "x.png").metadata.settings is None
