"""`styler bench transfer`, and a guard against gross loss of speed."""

import json
import time
from functools import partial

import pytest
import torch
import typer
from PIL import Image
from samples import thread_pool
from torch.nn import functional
from typer.testing import CliRunner

from styler.benchmarks import machine, transfer_stages
from styler.benchmarks.cold_start import ColdStart
from styler.benchmarks.machine import Machine, measured_machine
from styler.benchmarks.transfer_stages import (
    device_peak_mib,
    floor_seconds,
    library_seconds,
    plain_process_seconds,
    transfer_rows,
    written_squares,
)
from styler.benchmarks.workload import Layer
from styler.cli.bench_transfer import bench_transfer
from styler.errors import StylerError
from styler.model.vgg import channels, layers_to
from styler.model.weights import load_model
from styler.transfer.cascade import cascade
from styler.transfer.style import style_of

STAGES = ["load", "style", "encode", "moments", "root", "transform", "decode", "clean", "save"]


@pytest.fixture
def _quick(monkeypatch):
    """Measure in this process, since a new one imports torch, and a machine in milliseconds."""
    monkeypatch.setattr(transfer_stages, "ProcessPoolExecutor", thread_pool)
    monkeypatch.setattr(transfer_stages, "plain_process_seconds", library_seconds)
    monkeypatch.setattr(transfer_stages, "measured_machine", partial(measured_machine, seconds=1e-3))
    for name, value in {"PRODUCTS": (32,), "CONVOLUTIONS": ((8, 16),), "COPIES": (1 << 12,)}.items():
        monkeypatch.setattr(machine, name, value)


def run(*arguments: object):
    app = typer.Typer()
    app.command()(bench_transfer)
    short = ["--cold", "0", "--dtypes", "float32", "--device", "cpu", "--repeats", "1"]
    return CliRunner().invoke(app, [*short, *map(str, arguments)], env={"COLUMNS": "80"})


def test_squares_are_written_from_a_picture_or_from_noise(picture_file, tmp_path):
    for source in (None, picture_file()):
        paths = written_squares(source, [24, 40], tmp_path)
        for size, path in paths.items():
            with Image.open(path) as image:
                assert image.size == (size, size)
                assert len(image.getcolors(2000) or range(2000)) > 100


@pytest.mark.usefixtures("_quick")
def test_rows_have_every_stage_and_a_floor(tiny_file, tmp_path):
    contents, styles = (written_squares(None, [16, 32], tmp_path, seed=seed) for seed in range(2))
    rows = list(transfer_rows(contents, styles, dtypes=["float32"], model=str(tiny_file), device="cpu", repeats=2))
    assert [(row.size, row.dtype, row.device) for row in rows] == [(16, "float32", "cpu"), (32, "float32", "cpu")]
    assert rows[1].gflop == 4 * rows[0].gflop
    for row in rows:
        assert list(row.seconds) == [*STAGES, "warm"]
        assert min(*row.seconds.values(), row.library) > 0
        assert set(row.floor) < set(STAGES)
        assert row.gflops == pytest.approx(row.share * row.machine.flops / 1e9)
        assert row.over_floor == pytest.approx(row.seconds["warm"] / sum(row.floor.values()))
        assert not row.operators
        assert row.peak_mib > 50


@pytest.mark.slow
def test_the_library_is_timed_in_a_plain_python_process(tiny_file, tmp_path, monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    monkeypatch.setattr(transfer_stages, "LIBRARY", transfer_stages.LIBRARY + CHECKS)
    content, style = (written_squares(None, [16], tmp_path, seed=seed)[16] for seed in range(2))
    options = {"dtype": "float32", "model": str(tiny_file), "device": "cpu", "repeats": 1}
    assert 0 < plain_process_seconds(content, style, **options, keep_memory=False) < 60


CHECKS = """
import os
assert "GOMP_SPINCOUNT" not in os.environ
assert not any(name.startswith("styler.cli") for name in sys.modules)
"""


def test_the_floor_is_the_sum_of_each_layers_longer_side():
    layers = [Layer("encode", 100, 1), Layer("encode", 1, 100), Layer("decode", 10, 0)]
    assert floor_seconds(layers, Machine(10.0, {1: 20.0})) == {"encode": 15, "decode": 1}


def test_the_peak_is_that_of_the_process_or_of_the_gpu(monkeypatch):
    monkeypatch.setattr(transfer_stages, "peak_mib", lambda: 7)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: (3 << 20) + device.index)
    assert device_peak_mib(torch.device("cpu")) == 7
    assert device_peak_mib(torch.device("cuda", 1)) == 3


@pytest.mark.usefixtures("_quick")
def test_command_prints_tables_that_fit_a_terminal():
    result = run("--sizes", "16,32", "--profile")
    assert result.exit_code == 0, result.output
    assert all(word in result.stdout for word in (*STAGES, "library"))
    assert "aten::" in result.stdout
    assert "…" not in result.stdout


@pytest.mark.usefixtures("_quick")
def test_command_prints_a_line_of_json_for_each_row_and_the_cold_start(monkeypatch):
    monkeypatch.setattr("styler.benchmarks.cold_start.cold_start", lambda *_, rounds, options: ColdStart(3.0, 2.0))
    result = run("--sizes", "16", "--json", "--cold", "1")
    row, cold = (json.loads(line) for line in result.stdout.splitlines())
    assert (row["size"], list(row["seconds"])) == (16, [*STAGES, "warm"])
    assert row["over_floor"] > 0 < row["share"]
    assert row["library"] > 0
    assert cold == {"size": 16, "transfer": 3.0, "torch": 2.0, "ratio": 1.5}


@pytest.mark.usefixtures("_quick")
def test_plot_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    assert run("--sizes", "16", "--plot", tmp_path / "stages.png").exit_code == 0
    with Image.open(tmp_path / "stages.png") as image:
        assert min(image.size) > 100


def test_plot_without_matplotlib_says_what_to_install_before_anything_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    error = run("--plot", tmp_path / "stages.png").exception
    assert isinstance(error, StylerError)
    assert error.todo == "pip install matplotlib"


USUAL = 1.25
"""Time of a cascade divided by that of its convolutions alone, on one thread of a processor with AVX-512."""


@pytest.fixture
def _one_thread():
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(count)


def bare_convolutions(model, side: int) -> None:
    """Compute the convolutions of the cascade, with the same weights, and nothing else."""
    for level in model.levels:
        for network, mirrored in ((model.encoder, False), (model.decoders[level], True)):
            for name in layers_to(level):
                if name != "pool":
                    cells = side >> (int(name[4]) - 1)
                    before = channels(name, model.encoder.widths)[mirrored]
                    x = torch.zeros(1, before, cells, cells).contiguous(memory_format=torch.channels_last)
                    functional.conv2d(x, network.convs[name].weight, padding=1)


def processor_seconds(call) -> float:
    """Return the processor time of a call on this thread, excluding time of other processes."""
    start = time.thread_time()
    call()
    return time.thread_time() - start


@torch.no_grad()
@pytest.mark.usefixtures("_one_thread")
def test_a_cascade_takes_at_most_twice_its_usual_multiple_of_bare_convolutions():
    side, model = 256, load_model("small").to(torch.device("cpu"))
    image = torch.rand(1, 3, side, side)
    style = style_of(model.encoder, image)
    calls = (lambda: cascade(model, image, style), lambda: bare_convolutions(model, side))
    whole, bare = map(min, zip(*([processor_seconds(call) for call in calls] for _ in range(4)), strict=True))
    assert whole < 2 * USUAL * bare, f"{whole / bare:.2f} times the bare convolutions, where {USUAL} is usual"
