"""`styler bench one-step`: pictures with published roots, compared with exact ones."""

import json

import pytest
import torch
import typer
from PIL import Image
from samples import picture
from torch.testing import assert_close
from typer.testing import CliRunner

from styler.benchmarks.sqrt.pictures import EXACT, PAIRS, picture_rows
from styler.cli.bench_one_step import bench_one_step
from styler.transfer.stylizer import Stylizer


def run(*arguments: str):
    app = typer.Typer()
    app.command()(bench_one_step)
    return CliRunner().invoke(app, [*arguments], env={"COLUMNS": "200"})


@pytest.mark.parametrize("transform", ["transport", "wct"])
def test_the_exact_picture_is_that_of_the_stylizer_and_the_others_are_not(transform, tiny_file):
    stylizer = Stylizer(str(tiny_file), device="cpu", dtype="float32")
    content, style = picture(32, 32), picture(32, 32, seed=1)
    rows = list(picture_rows(stylizer.model, content, style, transform=transform))
    assert [row.name for row in rows] == list(PAIRS)
    with torch.inference_mode():
        expected = stylizer.stylize(content, style, transform=transform, seed_flats=False)
    assert rows[0].name == EXACT
    assert rows[0].largest == 0
    assert_close(rows[0].picture, expected, rtol=0, atol=1e-3)
    for row in rows[1:]:
        assert row.largest >= row.mean > 0.1


def test_command_prints_rows_and_writes_a_sheet(tiny_file, picture_file, tmp_path):
    pictures = [str(picture_file(f"{seed}.png", seed=seed)) for seed in range(2)]
    options = ["--model", str(tiny_file), "--size", "32"]
    sheet = tmp_path / "sheet.png"
    shown = run(*pictures, *options, "--sheet", str(sheet))
    assert shown.exit_code == 0
    assert "published mtp" in shown.stdout
    with Image.open(sheet) as image:
        assert image.width > 4 * 32
    rows = [json.loads(line) for line in run(*pictures, *options, "--json").stdout.splitlines()]
    assert [row["name"] for row in rows] == list(PAIRS)
