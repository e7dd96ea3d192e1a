"""`styler photo`."""

import json

import pytest
import torch

from styler.images import Picture

CHEAP = ["--device", "cpu", "--dtype", "float32"]


def samples(path):
    return Picture.open(path).samples


@pytest.mark.parametrize("points", [33, 65])
def test_a_photograph_its_table_and_the_table_applied(styler, pair, tmp_path, points):
    options = ["--cube", "x.cube", "--cube-points", points, "-o", "x.png", "--json"]
    status, out, err = styler("photo", *pair, *CHEAP, *options)
    assert status == 0, err
    summary = json.loads(out)
    assert (summary["size"], summary["alpha"], summary["cube"]) == ([56, 40], 0.7, "x.cube")
    assert f"LUT_3D_SIZE {points}\n" in (tmp_path / "x.cube").read_text()
    status, _, err = styler("photo", pair[0], "--lut", "x.cube", "-o", "y.png")
    assert (status, "warning" in err) == (0, False), err
    apart = samples(tmp_path / "y.png").int() - samples(tmp_path / "x.png").int()
    assert int(apart.abs().max()) <= 1
    assert styler("photo", pair[0], "--lut", "x.cube", "--alpha", 0, "-o", "z.png")[0] == 0
    assert samples(tmp_path / "z.png").equal(samples(pair[0]))


def test_replay_makes_it_again_to_the_bit(styler, pair, picture_file):
    mask, other = picture_file("mask.png", seed=2), picture_file("other.png", seed=3)
    options = ["--mask", mask, "--style", other, "--keep", mask, "--weights", "1,2", "--size", 32]
    status, _, err = styler("photo", *pair, other, *CHEAP, *options, "-o", "x.png")
    assert status == 0, err
    assert err.count("the mask is its luminance") == 2
    status, _, err = styler("replay", "x.png", "-o", "again.png")
    assert (status, err.splitlines()[-1]) == (0, "identical, bit for bit")


def test_a_folder_is_done_once_and_as_a_single_picture_is(styler, pair, tmp_path):
    assert styler("photo", *pair, *CHEAP, "-o", "x.png")[0] == 0
    (tmp_path / "photos").mkdir()
    pair[0].rename(tmp_path / "photos" / "photo.jpg")
    status, _, err = styler("photo", "photos", pair[1], *CHEAP, "-o", "out")
    assert status == 0, err
    result = tmp_path / "out" / "photo-painting.png"
    assert samples(result).equal(samples(tmp_path / "x.png"))
    assert "done before" in styler("photo", "photos", pair[1], *CHEAP, "-o", "out")[2]
    status, _, err = styler("replay", result, "--content", "photos/photo.jpg", "-o", "again.png")
    assert (status, err.splitlines()[-1]) == (0, "identical, bit for bit")
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"no picture")
    assert styler("photo", "photos", pair[1], *CHEAP, "-o", "out")[0] == 3


def test_a_table_is_applied_to_a_folder_as_to_a_single_photograph(styler, pair, tmp_path):
    assert styler("photo", *pair, *CHEAP, "--cube", "look.cube", "-o", "x.png")[0] == 0
    assert styler("photo", pair[0], "--lut", "look.cube", "--alpha", 0.5, "--size", 32, "-o", "y.png")[0] == 0
    (tmp_path / "photos").mkdir()
    pair[0].rename(tmp_path / "photos" / "photo.jpg")
    options = ["photos", "--lut", "look.cube", "--alpha", 0.5, "--size", 32, "-o", "out"]
    status, _, err = styler("photo", *options)
    assert status == 0, err
    result = tmp_path / "out" / "photo-look.png"
    assert samples(result).equal(samples(tmp_path / "y.png"))
    assert "done before" in styler("photo", *options)[2]
    given = ["--content", "photos/photo.jpg", "--style", "look.cube"]
    status, _, err = styler("replay", result, *given, "-o", "again.png")
    assert (status, err.splitlines()[-1]) == (0, "identical, bit for bit")
    (tmp_path / "look.cube").write_text("LUT_3D_SIZE 2\n")
    status, _, err = styler("photo", *options)
    assert (status, len(err.splitlines())) == (1, 2), err
    assert "look.cube has 0 colors, and its header says 2³ = 8" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "give a STYLE"),
        (["painting.png", "--lut", "x.cube"], "takes the place of"),
        (["painting.png", "--mask", "photo.jpg"], "each mask needs its style"),
        (["--mask", "photo.jpg", "--style", "painting.png", "--cube", "x.cube"], "--cube is for one change"),
        (["painting.png", "--weights", "1,2"], "2 --weights for 1 styles"),
        (["painting.png", "--cube", "x.png"], "ends in .cube"),
        (["painting.png", "--alpha", 1.5], "--alpha"),
        (["painting.png", "--cube", "x.cube", "--cube-points", 17], "--cube-points"),
        (["-"], "standard input"),
    ],
)
def test_options_that_do_not_go_together_are_usage_errors(styler, pair, options, words):
    status, _, err = styler("photo", pair[0], *options)
    assert status == 2
    assert words in " ".join(err.split())


def test_a_folder_needs_an_output_folder(styler, pair, tmp_path):
    status, _, err = styler("photo", tmp_path, pair[1])
    assert status == 2
    assert "--out FOLDER" in " ".join(err.split())


def test_files_that_are_wrong_are_one_error(styler, pair, tmp_path):
    (tmp_path / "bad.cube").write_text("LUT_3D_SIZE 2\n" + "0 0 nan\n" * 8)
    (tmp_path / "old.cube").touch()
    for options, words in (
        (["--lut", "bad.cube"], "bad.cube has values that are not finite in line 2"),
        (["--lut", "none.cube"], "no such file: none.cube"),
        ([pair[1], "--cube", "old.cube"], "old.cube exists"),
        (["none.png"], "no such file: none.png"),
    ):
        status, _, err = styler("photo", pair[0], *options, *CHEAP, "-o", "x.png")
        assert (status, len(err.splitlines())) == (1, 2), err
        assert words in err
        assert not (tmp_path / "x.png").exists()


def test_swapped_greys_are_said(styler, pair, tmp_path):
    values = 1 - torch.tensor([[r, g, b] for b in (0, 1) for g in (0, 1) for r in (0, 1)])
    lines = "".join(f"{r} {g} {b}\n" for r, g, b in values.tolist())
    (tmp_path / "negative.cube").write_text("LUT_3D_SIZE 2\n" + lines)
    status, _, err = styler("photo", pair[0], "--lut", "negative.cube", "-o", "x.png")
    assert status == 0
    assert "warning: negative.cube swaps tones: along the greys luminance falls by 1.00" in err
    assert samples(tmp_path / "x.png").equal(255 - samples(pair[0]))
