from pathlib import Path

import pytest
import typer

from styler.choices import LEVELS
from styler.cli.option_values import (
    check_alpha_levels,
    default_out,
    parse_alpha,
    parse_bytes,
    parse_levels,
    parse_tile,
    parse_weights,
)


@pytest.mark.parametrize(("text", "alpha"), [("1", 1.0), ("0", 0.0), ("0.25", 0.25), (" .5 ", 0.5), ("1e-1", 0.1)])
def test_a_number_is_a_strength_for_all_levels(text, alpha):
    assert parse_alpha(text) == alpha


def test_strengths_by_level_come_coarse_to_fine():
    found = parse_alpha("relu1_1=0.5, relu4_1 = 0.8")
    assert list(found.items()) == [("relu4_1", 0.8), ("relu1_1", 0.5)]
    assert parse_alpha(",".join(f"{level}=1" for level in LEVELS)) == dict.fromkeys(LEVELS, 1.0)


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "2", "-0.1", "nan", "inf", "0.5,0.5", "9" * 5000, "relu9_1=1", "RELU4_1=1", "=1", "="),
        *("relu4_1=2", "relu4_1=", "relu4_1=1,0.5", "relu4_1=0.5=0.5", "relu4_1=nan", "relu4_1=0.5,"),
        *("relu4_1=1,relu4_1=0.5", "relu4_1=1, relu4_1=1"),
    ],
)
def test_what_is_no_strength_is_refused_and_named(text):
    with pytest.raises(typer.BadParameter, match="--alpha"):
        parse_alpha(text)


@pytest.mark.parametrize(("text", "tile"), [("auto", "auto"), ("0", 0), ("512", 512)])
def test_tiles_are_auto_none_or_pixels(text, tile):
    assert parse_tile(text) == tile


@pytest.mark.parametrize("text", ["", "x", "-64", "1.5", "64px", "²", "AUTO", "9" * 5000])
def test_what_is_no_tile_is_refused_and_named(text):
    with pytest.raises(typer.BadParameter, match="--tile"):
        parse_tile(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2000000", 2000000),
        ("2000K", 2000 << 10),
        ("2G", 2 << 30),
        ("2g", 2 << 30),
        ("1.5GB", 3 << 29),
        (" 500 MiB ", 500 << 20),
        ("1T", 1 << 40),
        ("8000000B", 8000000),
    ],
)
def test_sizes_in_memory(text, number):
    assert parse_bytes(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-1G",
        "G",
        "2 G 3",
        "1e9",
        "2P",
        "2\u212a",
        "nan",
        "1.G",
        "9" * 400,
        "9" * 400 + "G",
        "0",
        "8B",
        "1K",
        "1000",
    ],
)
def test_what_is_no_size_in_memory_is_refused_and_named(text):
    with pytest.raises(typer.BadParameter, match="--max-memory"):
        parse_bytes(text)


@pytest.mark.parametrize("text", ["", "x", "1,", "-1,2", "nan", "inf", "0,0", "1;2"])
def test_what_are_no_weights_is_refused_and_named(text):
    with pytest.raises(typer.BadParameter, match="--weights"):
        parse_weights(text)


def test_weights_are_numbers_on_any_scale():
    assert parse_weights(None) is None
    assert parse_weights("7, 3,0") == [7.0, 3.0, 0.0]


def test_levels_come_coarse_to_fine_once():
    assert parse_levels(None) is None
    assert parse_levels("relu1_1, relu3_1") == ["relu3_1", "relu1_1"]
    with pytest.raises(typer.BadParameter, match="relu5_1"):
        parse_levels("relu5_1")
    with pytest.raises(typer.BadParameter, match="relu1_1 is named twice"):
        parse_levels("relu1_1, relu3_1,relu1_1")


def test_a_strength_for_a_level_that_is_left_out_is_refused():
    check_alpha_levels({"relu4_1": 0.5}, None)
    check_alpha_levels({"relu4_1": 0.5}, ["relu4_1"])
    check_alpha_levels(0.5, ["relu4_1"])
    with pytest.raises(typer.BadParameter, match="relu1_1 is not among the --levels relu4_1"):
        check_alpha_levels({"relu4_1": 1.0, "relu1_1": 0.5}, ["relu4_1"])


def test_the_result_is_named_after_what_it_is_made_of():
    assert default_out(Path("a/photo.jpg"), [Path("b/x.style"), Path("-")]) == Path("photo-x-stdin.png")
