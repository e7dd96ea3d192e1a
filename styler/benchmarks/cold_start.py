"""Time of a transfer in a new process, compared with the time of importing torch."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ColdStart:
    """Median seconds of whole processes: `styler transfer`, and Python importing torch."""

    transfer: float
    torch: float

    @property
    def ratio(self) -> float:
        """Time of a transfer in imports of torch."""
        return self.transfer / self.torch


def cold_start(content: Path, style: Path, *, options: Sequence[str] = (), rounds: int = 7) -> ColdStart:
    """Return the medians of `rounds` runs of each, in turn, after a warm-up round.

    Args:
        content: A photograph, stylized at its own size.
        style: A style picture.
        options: Further options of `styler transfer`.
        rounds: Number of measured runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", str(Path(folder, "out.png")), "--overwrite", "--quiet"]
        transfer = ["-m", "styler", "transfer", str(content), str(style), *out, *options]
        seconds = [[process_seconds(call) for call in (transfer, ["-c", "import torch"])] for _ in range(rounds + 1)]
    return ColdStart(*map(statistics.median, zip(*seconds[1:], strict=True)))


def process_seconds(arguments: Sequence[str]) -> float:
    """Return the seconds of a process of this Python with `arguments`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True)
    return time.perf_counter() - start
