"""`styler bench gradients`: precision and smoothness of the published remedies."""

import json

import pytest
import torch
import typer
from torch.testing import assert_close
from typer.testing import CliRunner

from styler.benchmarks.sqrt.remedies import REMEDIES, matrix_line, smoothness_rows
from styler.cli.bench_gradients import bench_gradients


def run(*arguments: str):
    app = typer.Typer()
    app.command()(bench_gradients)
    return CliRunner().invoke(
        app, [*arguments, "--size", "16", "--points", "3", "--lines", "1"], env={"COLUMNS": "200"}
    )


def test_most_eigenvalues_on_a_line_are_the_ridge():
    values = torch.linalg.eigvalsh(matrix_line(16, 3, 0.1, seed=0))
    assert_close(values[:, :8], torch.full((3, 8), 0.1, dtype=torch.float64), rtol=1e-9, atol=0)
    assert values[:, -1].min() > 0.5


def test_the_exact_gradient_is_right_and_as_smooth_as_itself_and_the_plain_one_is_not():
    rows = {row.name: row for row in smoothness_rows(16, points=5, lines=2, ridge=0.01)}
    assert list(rows) == list(REMEDIES)
    assert rows["exact"].single < 1e-3
    assert rows["exact"].double < 1e-9
    assert rows["exact"].roughness == pytest.approx(1, abs=1e-2)
    assert not rows["svd"].single < 0.01  # NaN or wrong
    assert rows["svd-pade"].single > 100 * rows["exact"].single
    assert rows["svd-taylor"].double > 0.1
    assert rows["ns(5)"].roughness < 0.8
    assert rows["mtp"].roughness < rows["ns(5)"].roughness


def test_command_prints_tables_and_json():
    assert "ridge 0.1" in run("--ridges", "0.1").stdout
    lines = run("--ridges", "0.1,0.01", "--json").stdout.splitlines()
    assert [json.loads(line)["ridge"] for line in lines] == [0.1] * len(REMEDIES) + [0.01] * len(REMEDIES)


@pytest.mark.parametrize("ridges", ["x", "0", "2"])
def test_command_refuses_other_ridges(ridges):
    assert run("--ridges", ridges).exit_code == 2
