"""The two engines side by side: how far their pictures differ, and seconds and memory of each."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
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
