"""How long a transfer takes from the command to the file, beside the least that any program with torch takes."""

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
    """Median seconds of whole processes: `styler transfer`, files to file, and Python importing torch."""

    transfer: float
    torch: float

    @property
    def ratio(self) -> float:
        """How many imports of torch a transfer takes."""
        return self.transfer / self.torch


def cold_start(content: Path, style: Path, *, options: Sequence[str] = (), rounds: int = 7) -> ColdStart:
    """Return the times of `rounds` of each, in turn, after one round that is not counted.

    Args:
        content: A photograph; the transfer takes it at its own size.
        style: A picture with a style.
        options: More options of `styler transfer`.
        rounds: The medians are of so many.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", str(Path(folder, "out.png")), "--overwrite", "--quiet"]
        transfer = ["-m", "styler", "transfer", str(content), str(style), *out, *options]
        seconds = [[process_seconds(call) for call in (transfer, ["-c", "import torch"])] for _ in range(rounds + 1)]
    return ColdStart(*map(statistics.median, zip(*seconds[1:], strict=True)))


def process_seconds(arguments: Sequence[str]) -> float:
    """Return how long this Python runs with `arguments`, from its start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True)
    return time.perf_counter() - start
