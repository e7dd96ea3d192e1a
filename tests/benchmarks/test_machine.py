import pytest
import torch

from styler.benchmarks import machine
from styler.benchmarks.machine import Machine, least_seconds, measured_machine, median_machine

CPU = torch.device("cpu")


def test_the_minimum_time_is_that_of_operations_or_bytes_whichever_is_longer():
    found = Machine(flops=100.0, copies={1024: 50.0})
    assert found.seconds(1000, 0) == 10
    assert found.seconds(1000, 1000) == 20
    assert found.seconds(0, 0) == 0


@pytest.mark.parametrize(
    ("num_bytes", "rate"),
    [(10, 40.0), (1 << 20, 40.0), ((4 << 20) - 1, 40.0), (4 << 20, 8.0), (16 << 20, 2.0), (1 << 40, 2.0)],
)
def test_the_copy_rate_is_that_of_the_size(num_bytes, rate):
    found = Machine(flops=1.0, copies={1 << 20: 40.0, 4 << 20: 8.0, 16 << 20: 2.0})
    assert found.seconds(0, num_bytes) == num_bytes / rate


def test_a_disturbed_small_copy_counts_as_fast_as_a_larger_one():
    assert Machine(flops=1.0, copies={1 << 20: 1.0, 4 << 20: 8.0}).seconds(0, 80) == 10


def test_a_call_is_repeated_in_bursts_after_a_warm_up(monkeypatch):
    monkeypatch.setattr(machine, "synchronize", lambda device: None)
    clock = iter([0, 9, 20, 20.0005, 30, 30, 34, 31, 31])  # one that does not count, one for the burst, then four
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    calls = []
    assert least_seconds(lambda: calls.append(1), CPU, 0.5) == 1
    assert len(calls) == 1 + 1 + 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_machine_is_measured(monkeypatch, dtype):
    monkeypatch.setattr(machine, "PRODUCTS", (32, 64))
    monkeypatch.setattr(machine, "CONVOLUTIONS", ((8, 16),))
    monkeypatch.setattr(machine, "COPIES", (1 << 10, 1 << 12))
    found = measured_machine(CPU, dtype, seconds=1e-4)
    assert found.flops > 1e3
    assert list(found.copies) == [1 << 10, 1 << 12]
    assert min(found.copies.values()) > 1e3


def test_the_median_of_machines_is_taken_rate_by_rate():
    machines = [Machine(flops, {1: rate, 2: 7.0}) for flops, rate in ((1.0, 9.0), (3.0, 4.0), (2.0, 5.0))]
    assert median_machine(machines) == Machine(2.0, {1: 5.0, 2: 7.0})


def test_larger_products_are_skipped_after_a_slow_one(monkeypatch):
    monkeypatch.setattr(machine, "least_seconds", lambda call, device, seconds: asked.append(call()) or 1.0)
    asked = []
    monkeypatch.setattr(machine, "COPIES", ())
    assert measured_machine(CPU, torch.float32, seconds=0.5).flops == 18 * 128**2 * 64**2
    assert [tuple(result.shape) for result in asked] == [(512, 512), (1, 128, 64, 64)]
