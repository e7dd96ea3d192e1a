"""`styler bench sqrt`: its rows, its matrices and the table of choices."""

import json

import pytest
import torch
import typer
from spectra import log_spaced, with_spectrum
from torch.testing import assert_close
from typer.testing import CliRunner

from styler.benchmarks.sqrt.choices import Choice, Timing, choices, timings
from styler.benchmarks.sqrt.cost import cost_of
from styler.benchmarks.sqrt.implementations import implementations
from styler.benchmarks.sqrt.matrices import conditioned_covariances, feature_covariances, random_covariances
from styler.benchmarks.sqrt.rows import benchmark_rows, symmetric_weight
from styler.cli import bench_sqrt
from styler.errors import StylerError
from styler.model.encoder import Encoder

CPU = torch.device("cpu")


def run(*arguments: str):
    app = typer.Typer()
    app.command()(bench_sqrt.bench_sqrt)
    return CliRunner().invoke(app, [*arguments, "--repeats", "1", "--device", "cpu"], env={"COLUMNS": "200"})


def json_rows(*arguments: str) -> list[dict]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("inverse", [False, True])
def test_published_backward_is_off_where_ours_is_exact(inverse):
    a = with_spectrum(log_spaced(16, 1e3)).expand(2, 16, 16)
    names = ["eigh", "published mpa"]
    rows = list(benchmark_rows({"x": a}, device=CPU, dtype=a.dtype, repeats=1, names=names, inverse=inverse))
    assert rows[0].gradient_error < 1e-9
    assert rows[1].gradient_error > 0.1
    assert rows[1].error > 1e-3


@pytest.mark.parametrize("inverse", [False, True])
def test_every_implementation_gives_a_row(inverse):
    rows = list(benchmark_rows({"x": random_covariances(2, 8)}, device=CPU, repeats=1, inverse=inverse))
    assert [row.name for row in rows] == list(implementations(inverse=inverse))
    for row in rows:
        assert row.forward_ms > 0 < row.backward_ms
        iterated = any(name in row.name for name in ("published mpa", "published mtp", "published ns"))
        assert row.error < (0.2 if iterated else 1e-5), row.name


@pytest.mark.skipif(not hasattr(torch.linalg, "matrix_sqrth"), reason="torch has no matrix_sqrth")
def test_the_root_of_torch_is_among_them():
    assert "torch sqrth" in implementations()


@pytest.mark.parametrize("degree", [3, 5])
@pytest.mark.parametrize("steps", [4, 8])
def test_costs_are_those_of_the_papers_first_two_tables(degree, steps):
    a = random_covariances(2, 6)
    for inverse in (False, True):
        roots = implementations(inverse=inverse, degrees=(degree,), steps=(steps,))
        costs = {name: cost_of(root, a, symmetric_weight(a)) for name, root in roots.items()}
        assert costs["published mpa"].forward == degree
        assert costs["published mtp"].forward == 2 * degree
        assert costs["published ns"].forward == 3 * steps
        assert costs["published mpa"].backward == costs["published mtp"].backward == 6 * steps + 3 * inverse
        assert costs["published mpa"].others == {"solve": 1}
        assert costs["eigh"].others == {"eigh": 1}


def test_conditioned_covariances_have_the_condition_asked_for():
    a = conditioned_covariances(2, 6, 1e4)
    assert_close(torch.linalg.cond(a), torch.full((2,), 1e4).double(), rtol=1e-8, atol=0)


def test_feature_covariances_are_those_of_every_level():
    torch.manual_seed(0)
    image = torch.rand(1, 3, 32, 32)
    covariances = feature_covariances(image, Encoder((4, 6, 8, 10)))
    assert [c.shape[-1] for c in covariances.values()] == [4, 6, 8, 10]


def test_command_prints_a_line_of_json_for_each_root():
    rows = json_rows("--sizes", "2x8,1x4", "--roots", "auto,published mpa")
    assert [(row["name"], row["batch"], row["n"]) for row in rows] == [
        ("auto", 2, 8),
        ("published mpa", 2, 8),
        ("auto", 1, 4),
        ("published mpa", 1, 4),
    ]


def test_more_degrees_and_steps_give_more_rows_and_smaller_errors():
    rows = json_rows("--sizes", "2x8", "--roots", "published mpa", "--degree", "2,6", "--steps", "2,12")
    assert [row["name"] for row in rows] == [
        f"published mpa, degree {degree}, {steps} steps" for degree in (2, 6) for steps in (2, 12)
    ]
    assert rows[0]["error"] > 10 * rows[2]["error"]
    assert rows[2]["gradient_error"] > 10 * rows[3]["gradient_error"]


def test_kappa_and_inverse_change_what_is_solved():
    rows = json_rows(
        "--sizes", "1x8", "--kappa", "10,1e4", "--inverse", "--roots", "published mtp", "--dtype", "float64"
    )
    assert [row["matrices"] for row in rows] == ["κ = 10, 1x8", "κ = 10000, 1x8"]
    assert rows[1]["error"] > 0.5 > rows[0]["error"]


@pytest.mark.parametrize(("sweep", "key"), [("batch", "batch"), ("size", "n")])
def test_a_sweep_lets_one_of_the_two_grow(sweep, key, monkeypatch):
    monkeypatch.setattr("styler.benchmarks.sqrt.matrices.SWEEPS", {"batch": ((1, 4), (2, 4)), "size": ((1, 2), (1, 4))})
    rows = json_rows("--sweep", sweep, "--roots", "eigh")
    assert rows[1][key] == 2 * rows[0][key]


def test_command_prints_a_table():
    result = run("--sizes", "2x8", "--roots", "auto,published mpa", "--dtype", "float64")
    assert result.exit_code == 0
    assert "random 2x8" in result.stdout
    assert "5 + 48, 1 solve" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--sizes", "8"],
        ["--sizes", "0x8"],
        ["--roots", "qr"],
        ["--kappa", "0.5"],
        ["--kappa", "many"],
        ["--degree", "0"],
        ["--steps", "x"],
        ["--sizes", "2x4", "--sweep", "size"],
    ],
)
def test_command_refuses_what_it_does_not_know(arguments):
    assert run(*arguments).exit_code == 2


def timing(batch: int, n: int, minimax: float, schulz: float) -> Timing:
    return Timing(batch, n, {"eigh": 10.0, "minimax": minimax, "newton_schulz": schulz})


def test_choices_begin_where_an_iteration_wins_at_every_larger_size():
    measured = [timing(1, 16, 5, 5), timing(1, 32, 20, 20), timing(1, 64, 5, 6), timing(1, 128, 2, 4)]
    measured += [timing(8, 16, 20, 3), timing(8, 32, 20, 3), timing(8, 64, 9.5, 9.5), timing(8, 128, 9, 8)]
    assert choices(measured, device="cuda", dtype="float32") == [
        Choice("cuda", "float32", 8, 128, "newton_schulz"),
        Choice("cuda", "float32", 1, 64, "minimax"),
    ]


def test_choices_are_one_row_where_the_batch_does_not_matter_and_none_where_eigh_wins():
    same = [timing(1, 16, 1, 2), timing(4, 16, 1, 2)]
    assert choices(same, device="cpu", dtype="float64") == [Choice("cpu", "float64", 1, 16, "minimax")]
    assert choices([timing(1, 16, 9.5, 12)], device="cpu", dtype="float64") == []


def test_sizes_too_large_are_passed_over(monkeypatch):
    monkeypatch.setattr("styler.benchmarks.sqrt.choices.MAX_NUMBERS", 100)
    found = list(timings([(1, 4), (8, 4)], device=CPU, dtype=torch.float32, repeats=1))
    assert [(row.batch, row.n) for row in found] == [(1, 4)]


def test_command_prints_choices_that_python_reads():
    result = run("--choices", "--sizes", "1x4,2x4")
    assert result.exit_code == 0
    names: dict = {}
    exec(result.stdout, names)
    assert all(row[:2] == ("cpu", "float32") for row in names["CHOICES"])
    assert "2x4: eigh" in result.stderr


PLOT = ("--sizes", "2x8,1x4", "--roots", "auto,published mpa", "--plot")


def test_plot_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    assert run(*PLOT, str(tmp_path / "roots.png")).exit_code == 0
    assert (tmp_path / "roots.png").stat().st_size > 1000


def test_plot_without_matplotlib_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    error = run(*PLOT, str(tmp_path / "roots.png")).exception
    assert isinstance(error, StylerError)
    assert error.todo == "pip install matplotlib"
