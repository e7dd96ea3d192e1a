"""`styler bench sqrt` and the published roots that it measures."""

import json

import pytest
import torch
import typer
from spectra import log_spaced, with_spectrum
from torch.testing import assert_close
from typer.testing import CliRunner

from styler.benchmarks.sqrt import benchmark_rows, feature_covariances, implementations, random_covariances
from styler.cli import bench_sqrt
from styler.errors import StylerError
from styler.matrix_sqrt import published, sqrtm
from styler.model.encoder import Encoder


def run(*arguments: str):
    app = typer.Typer()
    app.command()(bench_sqrt.bench_sqrt)
    return CliRunner().invoke(app, [*arguments, "--repeats", "1"], env={"COLUMNS": "200"})


@pytest.mark.parametrize(
    ("function", "method", "options"),
    [
        (published.published_mpa, "mpa", {"max_iterations": 1}),
        (published.published_mtp, "mtp", {"max_iterations": 1}),
        (published.published_newton_schulz, "newton_schulz", {"max_iterations": 5}),
        (published.published_svd, "svd", {}),
    ],
)
def test_published_roots_are_what_one_iteration_gives(function, method, options):
    a = with_spectrum(log_spaced(6, 50.0)).expand(2, 6, 6)
    assert_close(function(a), sqrtm(a, method=method, **options), rtol=0, atol=1e-12)


def test_published_backward_is_off_where_ours_is_exact():
    a = with_spectrum(log_spaced(16, 1e3)).expand(1, 16, 16)
    names = ["eigh", "published mpa"]
    rows = list(benchmark_rows({"x": a}, device=a.device, dtype=a.dtype, repeats=1, names=names))
    assert rows[0].gradient_error < 1e-9
    assert rows[1].gradient_error > 0.1
    assert rows[1].root_error > 1e-3


def test_every_implementation_gives_a_row():
    rows = list(benchmark_rows({"x": random_covariances(2, 8)}, device=torch.device("cpu"), repeats=1))
    assert [row.name for row in rows] == list(implementations())
    for row in rows:
        assert row.forward_ms > 0 < row.backward_ms
        assert row.root_error < (0.1 if "published" in row.name else 1e-5)


def test_feature_covariances_are_those_of_every_level():
    torch.manual_seed(0)
    image = torch.rand(1, 3, 32, 32)
    covariances = feature_covariances(image, Encoder((4, 6, 8, 10)))
    assert [c.shape[-1] for c in covariances.values()] == [4, 6, 8, 10]


def test_command_prints_a_line_of_json_for_each_root():
    result = run("--sizes", "2x8,1x4", "--roots", "auto,published mpa", "--json", "--device", "cpu")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["name"], row["batch"], row["n"]) for row in rows] == [
        ("auto", 2, 8),
        ("published mpa", 2, 8),
        ("auto", 1, 4),
        ("published mpa", 1, 4),
    ]


def test_command_prints_a_table():
    result = run("--sizes", "2x8", "--roots", "auto,mpa", "--dtype", "float64", "--device", "cpu")
    assert result.exit_code == 0
    assert "random 2x8" in result.stdout


@pytest.mark.parametrize("arguments", [["--sizes", "8"], ["--sizes", "0x8"], ["--roots", "qr"]])
def test_command_refuses_what_it_does_not_know(arguments):
    assert run(*arguments).exit_code == 2


PLOT = ("--sizes", "2x8,1x4", "--roots", "auto,published mpa", "--device", "cpu", "--plot")


def test_plot_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    assert run(*PLOT, str(tmp_path / "roots.png")).exit_code == 0
    assert (tmp_path / "roots.png").stat().st_size > 1000


def test_plot_without_matplotlib_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    error = run(*PLOT, str(tmp_path / "roots.png")).exception
    assert isinstance(error, StylerError)
    assert error.todo == "pip install matplotlib"
