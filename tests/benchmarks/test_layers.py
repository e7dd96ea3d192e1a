"""`styler bench layers` and the networks that it trains."""

import json
import sys
from itertools import pairwise

import pytest
import torch
import typer
from torch.testing import assert_close
from typer.testing import CliRunner

from styler.benchmarks.layers import speed
from styler.benchmarks.layers.accuracy import accuracy_rows
from styler.benchmarks.layers.data import (
    DIRECTIONS,
    NUM_TRAINING_DIGITS,
    digits,
    digits_with_crosstalk,
    moving_shapes,
    scanned_digits,
)
from styler.benchmarks.layers.roots import ROOTS, networks, parts_by_switch
from styler.benchmarks.layers.speed import CASES, METHODS, Case, speed_rows
from styler.benchmarks.layers.tasks import TASKS
from styler.cli.bench_layers import bench_layers
from styler.covariance.root_layer import RootLayer
from styler.errors import StylerError

CPU = torch.device("cpu")


def run(*arguments: str):
    app = typer.Typer()
    app.command()(bench_layers)
    return CliRunner().invoke(app, [*arguments, "--device", "cpu"], env={"COLUMNS": "200"})


@pytest.fixture
def small(monkeypatch):
    """Make videos few and the papers' sizes small."""
    pytest.importorskip("sklearn")
    monkeypatch.setattr("styler.benchmarks.layers.data.NUM_VIDEOS", 64)
    for name, case in CASES.items():
        shapes = tuple((2, *shape[1:]) if name != "CovariancePool2d" else (2, 8, 5, 5) for shape in case.shapes)
        monkeypatch.setitem(speed.CASES, name, Case(case.layer, shapes, case.matrices))


@pytest.mark.slow
def test_digits_for_training_and_testing_are_apart_and_drawn():
    pytest.importorskip("sklearn")
    first, second = (digits(torch.Generator().manual_seed(seed)) for seed in range(2))
    assert first.x.shape == (NUM_TRAINING_DIGITS, 1, 8, 8)
    assert not torch.equal(first.x, second.x)
    assert torch.equal(first.test_x, second.test_x)
    assert set(first.test_y.tolist()) == set(range(10))
    trained = {tuple(x.flatten().tolist()) for x in first.x}
    assert not any(tuple(x.flatten().tolist()) in trained for x in first.test_x)


def test_crosstalk_mixes_channels_and_nothing_else():
    pytest.importorskip("sklearn")
    generator = torch.Generator().manual_seed(0)
    plain, mixed = digits(generator), digits_with_crosstalk(generator.manual_seed(0))
    channels = torch.nn.functional.pixel_unshuffle(plain.x[0], 2).flatten(1)
    mixing = mixed.x[0].flatten(1) @ torch.linalg.pinv(channels)
    assert_close(mixing @ channels, mixed.x[0].flatten(1), rtol=1e-3, atol=1e-3)
    assert torch.equal(plain.y, mixed.y)


def test_shapes_move_as_their_class_says(monkeypatch):
    monkeypatch.setattr("styler.benchmarks.layers.data.NUM_VIDEOS", 32)
    monkeypatch.setattr("styler.benchmarks.layers.data.NOISE", 0)
    data = moving_shapes(torch.Generator().manual_seed(0))
    for video, label in zip(data.x[:, :, 0], data.y.tolist(), strict=True):
        for frame, following in pairwise(video):
            assert torch.equal(frame.roll(DIRECTIONS[label], (0, 1)), following)


@pytest.mark.usefixtures("small")
@pytest.mark.slow
def test_every_layer_trains_beside_its_counterpart():
    rows = list(accuracy_rows(list(TASKS), device=CPU, seeds=1, steps=10))
    assert [(row.layer, row.part) for row in rows] == [
        (name, part.name) for name, task in TASKS.items() for part in (task.layer, task.plain)
    ]
    for row in rows:
        assert 0 <= row.accuracy[0] <= 1
        assert row.seconds[0] > 0


def test_the_same_seed_gives_the_same_accuracy_and_the_threads_come_back():
    pytest.importorskip("sklearn")
    threads = torch.get_num_threads()
    rows = [list(accuracy_rows(["WhiteningColoring2d"], device=CPU, seeds=1, steps=30)) for _ in range(2)]
    assert [row.accuracy for row in rows[0]] == [row.accuracy for row in rows[1]]
    assert rows[0][0].accuracy[0] > 0.3
    assert torch.get_num_threads() == threads


@pytest.mark.usefixtures("small")
@pytest.mark.slow
def test_every_layer_with_a_time_of_its_own_is_timed_with_every_method():
    rows = list(speed_rows(list(TASKS), device=CPU, repeats=1))
    assert [(row.layer, row.method) for row in rows] == [(name, method) for name in CASES for method in METHODS]
    assert all(row.forward_ms > 0 < row.backward_ms for row in rows)


@pytest.mark.usefixtures("small")
def test_command_prints_a_line_of_json_for_each_row():
    result = run("--layers", "WhiteningColoring2d", "--seeds", "2", "--steps", "4", "--repeats", "1", "--json")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [len(row["accuracy"]) for row in rows[:2]] == [2, 2]
    assert [row["method"] for row in rows[2:]] == list(METHODS)


@pytest.mark.usefixtures("small")
def test_command_prints_two_tables():
    result = run("--layers", "HybridMethod,WhiteningColoring2d", "--seeds", "1", "--steps", "4", "--repeats", "1")
    assert result.exit_code == 0
    assert "AdaIN" in result.stdout
    assert "newton_schulz" in result.stdout


@pytest.mark.usefixtures("small")
def test_roots_of_the_papers_are_trained_and_timed_side_by_side():
    arguments = ["--layers", "WhiteningColoring2d,HybridMethod", "--roots", "--seeds", "1", "--steps", "4"]
    rows = [json.loads(line) for line in run(*arguments, "--repeats", "1", "--json").stdout.splitlines()]
    assert [row["part"] for row in rows[: len(ROOTS)]] == list(ROOTS)
    assert [row["method"] for row in rows[len(ROOTS) :]] == list(ROOTS)


@pytest.mark.parametrize("layer", sorted(CASES))
def test_networks_take_the_root_that_they_are_made_with(layer):
    pytest.importorskip("sklearn")
    data = TASKS[layer].data(torch.Generator().manual_seed(0))
    network = networks(layer, ROOTS["NS(5)"])(data)
    layers = [module for module in network.modules() if isinstance(module, RootLayer)]
    assert layers
    assert all(module.root.items() >= ROOTS["NS(5)"].items() for module in layers)


@pytest.mark.usefixtures("small")
def test_the_epoch_of_the_switch_is_swept():
    result = run("--switch", "0,10", "--seeds", "1", "--steps", "20", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["part"] for row in rows] == ["SVD-Padé from epoch 0 on", "SVD-Padé from epoch 10 on"]
    assert [row["layer"] for row in rows] == ["HybridMethod"] * 2
    assert [part.switch_epoch for part in parts_by_switch([0, 10])] == [0, 10]


@pytest.mark.parametrize("arguments", [["--switch", "x"], ["--switch", "1", "--roots"]])
def test_command_refuses_other_switches(arguments):
    assert run(*arguments).exit_code == 2


def test_command_refuses_layers_that_it_does_not_know():
    assert run("--layers", "BatchNorm2d").exit_code == 2


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    scanned_digits.cache_clear()
    error = run("--layers", "CovariancePool2d").exception
    assert isinstance(error, StylerError)
    assert error.todo == "pip install scikit-learn"
