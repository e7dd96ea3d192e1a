"""The two engines side by side: how far their pictures differ, and seconds and memory of each."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import numpy as np

from styler.choices import LEVELS
from styler.export.light_engine import LightEngine
from styler.images import Picture
from styler.transfer.stylizer import Stylizer

FULL = 255
"""Steps of 8 bits."""

COLD = """
import sys
from styler.cli import main
from styler.process import peak_mib
sys.argv = sys.argv[1:]
try:
    main()
except SystemExit as ended:
    if ended.code:
        raise
print(peak_mib())
"""
"""Runs the command and prints the peak: a parent cannot ask for it, since a child begins with its memory."""


@dataclass(frozen=True)
class EngineRow:
    """What one kind of run takes by each engine, and how far their pictures differ.

    Attributes:
        what: The kind of run, "512 warm" or "512 cold".
        torch_seconds: Median by torch.
        onnx_seconds: Median by onnxruntime.
        ratio_by_run: Seconds of onnxruntime over torch's, of each pair of runs, one after the other.
        torch_peak_mib: Peak memory of a process by torch, if measured.
        onnx_peak_mib: By onnxruntime.
        largest: Largest difference of the pictures, in steps of 8 bits, if compared.
        mean: Mean difference.
    """

    what: str
    torch_seconds: float
    onnx_seconds: float
    ratio_by_run: list[float]
    torch_peak_mib: int | None = None
    onnx_peak_mib: int | None = None
    largest: float | None = None
    mean: float | None = None

    @property
    def ratio(self) -> float:
        """Median of the ratios: the load of the machine drifts, and hits both runs of a pair."""
        return median(self.ratio_by_run)


class Comparison(NamedTuple):
    """Differences of a pair's pictures, largest and mean, in steps of 8 bits, and the seconds of each engine."""

    largest: float
    mean: float
    torch_seconds: float
    onnx_seconds: float


class Cold(NamedTuple):
    """Seconds and peak memory of a whole process."""

    seconds: float
    peak_mib: int


def warm_row(pairs: Sequence[tuple[Path, Path]], stylizer: Stylizer, engine: LightEngine, *, size: int) -> EngineRow:
    """Return the comparison of all pairs at a size, after one run that warms up; see `compared`."""
    list(compared(pairs[:1], stylizer, engine, size=size))
    rows = list(compared(pairs, stylizer, engine, size=size))
    return EngineRow(
        f"{size} warm",
        median(row.torch_seconds for row in rows),
        median(row.onnx_seconds for row in rows),
        [row.onnx_seconds / row.torch_seconds for row in rows],
        largest=max(row.largest for row in rows),
        mean=mean(row.mean for row in rows),
    )


def cold_row(content: Path, style: Path, out: Path, *, model: str, size: int, rounds: int) -> EngineRow:
    """Return the comparison of new processes, from file to file, in turn; see `cold_run`."""
    runs = [
        [cold_run(content, style, out, engine=name, model=model, size=size) for name in ("torch", "onnx")]
        for _ in range(rounds)
    ]
    torch_runs, onnx_runs = zip(*runs, strict=True)
    return EngineRow(
        f"{size} cold",
        median(run.seconds for run in torch_runs),
        median(run.seconds for run in onnx_runs),
        [onnx.seconds / torch.seconds for torch, onnx in runs],
        torch_peak_mib=max(run.peak_mib for run in torch_runs),
        onnx_peak_mib=max(run.peak_mib for run in onnx_runs),
    )


def chosen_pairs(contents: Sequence[Path], styles: Sequence[Path], *, count: int) -> list[tuple[Path, Path]]:
    """Return pairs of a photograph and a style, the same at each call."""
    source = random.Random(0)
    return [(source.choice(contents), source.choice(styles)) for _ in range(count)]


def compared(
    pairs: Sequence[tuple[Path, Path]], stylizer: Stylizer, engine: LightEngine, *, size: int
) -> Iterator[Comparison]:
    """Yield the comparison of each pair; the style is analysed anew each time, by both engines.

    Args:
        pairs: Files of photographs and styles.
        stylizer: With the model of the engine, in float32, on the processor.
        engine: The exported graphs.
        size: Longer side of both pictures, in pixels.
    """
    for content, style in pairs:
        picture, painting = (Picture.open(path).resized(size).image for path in (content, style))
        stylizer.clear_cache()
        start = time.perf_counter()
        expected = stylizer.stylize(picture, painting, method="eigh").numpy()
        middle = time.perf_counter()
        found = engine.stylize(picture.numpy(), engine.style(painting.numpy()), dict.fromkeys(LEVELS, 1.0))
        end = time.perf_counter()
        off = np.abs(found - expected) * FULL
        yield Comparison(float(off.max()), float(off.mean()), middle - start, end - middle)


def cold_run(content: Path, style: Path, out: Path, *, engine: str, model: str, size: int) -> Cold:
    """Return what a new process takes, from file to file.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    words = ["styler", "transfer", str(content), str(style), "-o", str(out), "--overwrite", "--quiet"]
    words += ["--engine", engine, "--model", model, "--dtype", "float32", "--size", str(size)]
    start = time.perf_counter()
    process = subprocess.run([sys.executable, "-c", COLD, *words], capture_output=True, text=True, check=True)
    return Cold(time.perf_counter() - start, int(process.stdout))
