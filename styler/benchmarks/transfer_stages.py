"""Time and memory of a transfer by stage, in the command and the library, compared with the floor of this machine.

Each size and precision is measured in its own process, alternating with measurements of the machine, because clock
speed and load drift.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO, cast

import torch
from torch import Tensor

from styler.benchmarks.machine import Machine, measured_machine, median_machine
from styler.benchmarks.operators import Operator, slowest_operators
from styler.benchmarks.workload import Layer, cascade_layers
from styler.images import Picture
from styler.images.pixels import quantized, resize_to
from styler.process import peak_mib
from styler.transfer.stylizer import Stylizer
from styler.transfer.trace import Trace

LIBRARY = """
import json, sys
from styler.benchmarks.transfer_stages import library_seconds
sys.stdout.write(json.dumps(library_seconds(**json.loads(sys.argv[1]))))
"""
"""A Python program that measures the library."""


@dataclass(frozen=True)
class TransferRow:
    """Medians over the repeats for one size and precision.

    Attributes:
        size: Side of content and style, in pixels.
        dtype: Precision of the networks.
        device: Device of the networks.
        seconds: By stage, from file to file, and "warm": the cascade alone with a known style.
        library: Seconds of the same call as "warm", in a plain Python process.
        floor: Minimum seconds by stage: for each layer the time of its operations at the machine's peak rate or of
            copying its bytes, whichever is longer; see the modules `workload` and `machine`.
        gflop: Operations of the cascade, in billions.
        machine: Measured rates of the machine.
        peak_mib: Peak memory of the process, or of the GPU.
        operators: The slowest operators, if profiled.
    """

    size: int
    dtype: str
    device: str
    seconds: dict[str, float]
    library: float
    floor: dict[str, float]
    gflop: float
    machine: Machine
    peak_mib: int
    operators: list[Operator]

    @property
    def gflops(self) -> float:
        """Billions of floating-point operations per second."""
        return self.gflop / self.seconds["warm"]

    @property
    def share(self) -> float:
        """Share of the machine's peak rate."""
        return self.gflops / (self.machine.flops / 1e9)

    @property
    def over_floor(self) -> float:
        """Time of the cascade divided by the floor."""
        return self.seconds["warm"] / sum(self.floor.values())


def written_squares(source: Path | None, sizes: Sequence[int], folder: Path, *, seed: int = 0) -> dict[int, Path]:
    """Write a square of each size to `folder`, from a picture, or from smooth noise without one; return the paths."""
    generator = torch.Generator().manual_seed(seed)
    samples = torch.rand(1, 3, 32, 32, generator=generator) if source is None else Picture.open(source).samples
    paths = {size: folder / f"{seed}-{size}.png" for size in sizes}
    for size, path in paths.items():
        Picture.of(quantized(resize_to(samples, (size, size)))).save(path, overwrite=True)
    return paths


def transfer_rows(
    contents: Mapping[int, Path],
    styles: Mapping[int, Path],
    *,
    dtypes: Sequence[str],
    model: str = "auto",
    device: str = "auto",
    repeats: int = 5,
    profiled: bool = False,
) -> Iterator[TransferRow]:
    """Yield a row for each precision and size; `contents` and `styles` are square pictures by size."""
    for dtype in dtypes:
        for size, content in contents.items():
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                task = pool.submit(measure, content, styles[size], size, dtype, model, device, repeats, profiled)
                yield task.result()


def measure(
    content: Path, style: Path, size: int, dtype: str, model: str, device: str, repeats: int, profiled: bool
) -> TransferRow:
    """Return the row of one precision and size, measured in this process."""
    stylizer = Stylizer(model, device=device, dtype=dtype)
    image, style_image = (Picture.open(path).samples for path in (content, style))
    runs, machines, peak = [], [], 0
    for number in range(repeats + 1):
        run = run_seconds(stylizer, content, style_image)
        if number:
            runs.append(run)
            machines.append(measured_machine(stylizer.device, stylizer.dtype))
        else:
            peak = device_peak_mib(stylizer.device)
    machine, known = median_machine(machines), stylizer.style(style_image)
    operators = slowest_operators(lambda: stylizer.stylize(image, known), stylizer.device) if profiled else []
    layers = cascade_layers(
        stylizer.model.encoder.widths,
        size,
        size,
        itemsize=stylizer.dtype.itemsize,
        levels=stylizer.model.levels,
        antialiased=stylizer.model.antialiased,
    )
    return TransferRow(
        size=size,
        dtype=str(stylizer.dtype).removeprefix("torch."),
        device=str(stylizer.device),
        seconds={name: statistics.median(run[name] for run in runs) for name in runs[0]},
        library=plain_process_seconds(content, style, dtype=dtype, model=model, device=device, repeats=repeats),
        floor=floor_seconds(layers, machine),
        gflop=sum(layer.flops for layer in layers) / 1e9,
        machine=machine,
        peak_mib=peak,
        operators=operators,
    )


def run_seconds(stylizer: Stylizer, content: Path, style_image: Tensor) -> dict[str, float]:
    """Return the seconds of one run by stage, and of another run of the cascade alone."""
    trace = Trace(device=stylizer.device)
    stylizer.clear_cache()
    with trace.stage("load"):
        image = Picture.open(content).samples
    with trace.stage("style"):
        known = stylizer.style(style_image)
    result = stylizer.stylize(image, known, trace=trace)
    with tempfile.TemporaryFile() as file, trace.stage("save"):
        Picture.of(result).save(cast("BinaryIO", file), format="png")
    start = time.perf_counter()
    stylizer.stylize(image, known)
    return trace.seconds | {"warm": time.perf_counter() - start}


def plain_process_seconds(content: Path, style: Path, **options: object) -> float:
    """Return what `library_seconds` gives in a new Python process, without the command's settings of the process."""
    environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    arguments = json.dumps({"content": str(content), "style": str(style), **options})
    command = [sys.executable, "-c", LIBRARY, arguments]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def library_seconds(
    content: str, style: str, *, dtype: str, model: str, device: str, repeats: int, keep_memory: bool = True
) -> float:
    """Return the median seconds of a warm `Stylizer.stylize` with a known style, after one run that is not counted."""
    stylizer = Stylizer(model, device=device, dtype=dtype, keep_memory=keep_memory)
    image, known = Picture.open(content).samples, stylizer.style(style)
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        stylizer.stylize(image, known)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def floor_seconds(layers: Sequence[Layer], machine: Machine) -> dict[str, float]:
    """Return the minimum time of the layers on the machine, by stage."""
    floor: defaultdict[str, float] = defaultdict(float)
    for layer in layers:
        floor[layer.stage] += machine.seconds(layer.flops, layer.num_bytes)
    return dict(floor)


def device_peak_mib(device: torch.device) -> int:
    """Return the peak memory of this process on a CUDA device, otherwise of the process itself, in MiB."""
    return torch.cuda.max_memory_allocated(device) >> 20 if device.type == "cuda" else peak_mib()
