import json
import re

import pytest
import torch
from PIL import Image
from refining import vgg_file
from samples import thread_pool
from torch import nn
from typer.testing import CliRunner

from styler.benchmarks.quality import tools
from styler.benchmarks.quality.plot import pareto_front, plot_quality
from styler.benchmarks.quality.rows import QualityRow
from styler.choices import LEVELS
from styler.cli import app
from styler.errors import StylerError


class Two(nn.Module):
    """A network of two maps."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3, stride=2)])

    def forward(self, image):
        first = self.convs[0](image)
        return [first, self.convs[1](first)]


@pytest.fixture
def photo_and_painting(picture_file):
    return [str(picture_file(f"{name}.png", 40, 40, seed=seed)) for seed, name in enumerate(("photo", "painting"))]


def test_any_network_judges_a_model_and_a_sheet_shows_it(photo_and_painting, tiny_file, tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "ProcessPoolExecutor", thread_pool)
    judge = tmp_path / "two.pt2"
    torch.export.save(torch.export.export(Two(), (torch.rand(1, 3, 32, 32),)), judge)
    arguments = [
        "--judge",
        str(judge),
        "-m",
        str(tiny_file),
        "--size",
        "32",
        "--alphas",
        "1",
        "--transform",
        "adain",
        "--refine",
        "1",
        "--refine-with",
        str(vgg_file(tmp_path / "vgg.safetensors")),
        "--json",
    ]
    sheet = tmp_path / "sheet.jpg"
    result = CliRunner().invoke(app, ["bench", "quality", *photo_and_painting, *arguments, "--sheet", str(sheet)])
    assert result.exit_code == 0, result.output
    *rows, fidelity = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["name"] for row in rows] == ["the content itself", "the style itself", "tiny adain", "tiny adain +1"]
    assert {row["judge"] for row in rows} == {"two"}
    assert rows[-1]["cost"]["seconds"] > 0
    assert list(fidelity["psnr"]) == list(LEVELS)
    with Image.open(sheet) as image:
        assert image.size[0] > 3 * 224


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--peer", "nothing"),
        ("--peer", "name=command"),
        ("--peer", "x=y {out} {other}"),
        ("--peer", "x=y 'z {out}"),
        ("--alphas", "2"),
        ("--alphas", "x"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_made(photo_and_painting, option, value):
    result = CliRunner().invoke(app, ["bench", "quality", *photo_and_painting, option, value])
    assert result.exit_code == 2
    assert option in re.sub(r"\x1b\[[0-9;]*m", "", result.output)


@pytest.mark.parametrize(("option", "name"), [("--sheet", "sheet.txt"), ("--judge", "missing.pt2")])
def test_what_cannot_be_used_is_refused_before_anything_is_made(photo_and_painting, tmp_path, option, name):
    arguments = [option, str(tmp_path / name), "-o", str(tmp_path / "out")]
    error = CliRunner().invoke(app, ["bench", "quality", *photo_and_painting, *arguments]).exception
    assert isinstance(error, StylerError)
    assert name in error.what
    assert not (tmp_path / "out").exists()


def test_the_front_is_what_no_other_point_is_better_than():
    assert pareto_front([(0.5, 0.5), (0.2, 0.9), (0.6, 0.6), (0.9, 0.1)]) == [(0.2, 0.9), (0.5, 0.5), (0.9, 0.1)]


def test_the_plane_has_a_panel_for_each_judge(tmp_path):
    pytest.importorskip("matplotlib")
    rows = [
        QualityRow(name, alpha, judge, 0.5 * alpha, 1 - 0.6 * alpha, 0.5, 0.9, None, 1.2, 1.1)
        for judge in ("one", "two")
        for name, alpha in (("ours", 0.5), ("ours", 1.0), ("theirs", 1.0), ("others", 0.9))
    ]
    for judges in (("one",), ("one", "two")):
        plot_quality([row for row in rows if row.judge in judges], tmp_path / f"{len(judges)}.png")
    widths = []
    for number in (1, 2):
        with Image.open(tmp_path / f"{number}.png") as drawn:
            widths.append(drawn.size[0])
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)
