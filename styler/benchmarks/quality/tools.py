"""The tools whose pictures are scored: models of this project, and other programs by their command lines."""

import json
import shlex
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from styler.benchmarks.quality.pairs import Pair
from styler.choices import Transform
from styler.errors import StylerError
from styler.process import peak_mib


@dataclass(frozen=True)
class Cost:
    """Median seconds per picture, with networks loaded and without a cached style, and peak memory of the process."""

    seconds: float
    peak_mib: int | None


class Tool(Protocol):
    """A program that stylizes pictures."""

    @property
    def name(self) -> str:
        """Name in the tables."""
        ...

    @property
    def alpha(self) -> float:
        """Style strength, 0 to 1."""
        ...

    def stylize(self, pairs: Sequence[Pair], folder: Path) -> Cost | None:
        """Write the result of each pair to the folder, with the name of the pair, and return the cost if known."""
        ...


def tool_folder(tool: Tool, folder: Path) -> Path:
    """Return the subfolder of `folder` with the tool's pictures."""
    return folder / f"{tool.name}-{tool.alpha:g}"


def run_tools(tools: Sequence[Tool], pairs: Sequence[Pair], folder: Path) -> Iterator[Cost | None]:
    """Stylize the pairs with each tool, into subfolders of `folder`, and yield its cost."""
    for tool in tools:
        results = tool_folder(tool, folder)
        results.mkdir(parents=True, exist_ok=True)
        yield tool.stylize(pairs, results)


@dataclass(frozen=True)
class OurModel:
    """A model of this project at one strength, run in its own process to measure its memory; perhaps refined."""

    model: str
    alpha: float = 1.0
    transform: Transform = "transport"
    device: str = "auto"
    refine: int = 0
    refine_with: str | None = None

    @property
    def name(self) -> str:
        """Name of the model, the transform unless it is the default, and the steps of refinement."""
        name = Path(self.model).stem + ("" if self.transform == "transport" else f" {self.transform}")
        return f"{name} +{self.refine}" if self.refine else name

    def stylize(self, pairs: Sequence[Pair], folder: Path) -> Cost:
        """Write the pictures."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(_stylized_here, self, pairs, folder).result()


def _stylized_here(model: OurModel, pairs: Sequence[Pair], folder: Path) -> Cost:
    from styler.images import Picture
    from styler.process import keep_freed_memory
    from styler.transfer.stylizer import Stylizer

    keep_freed_memory()
    stylizer, seconds = Stylizer(model.model, device=model.device), []
    for pair in pairs:
        content, style = (Picture.open(path).samples for path in (pair.content, pair.style))
        stylizer.clear_cache()
        start = time.perf_counter()
        refinement: dict[str, Any] = {"refine": model.refine, "refine_with": model.refine_with}
        image = stylizer.stylize(content, style, alpha=model.alpha, transform=model.transform, **refinement)
        seconds.append(time.perf_counter() - start)
        Picture.of(image).save(folder / pair.name, overwrite=True)
    return Cost(statistics.median(seconds), peak_mib())


@dataclass(frozen=True)
class OtherTool:
    """Another program: a command line with {content}, {style} and {out}.

    If the last line of its output is JSON with `seconds`, a list, and `peak_mib`, they are its cost; otherwise the cost
    is unknown, since the time of the process includes its start. Existing results are not made again.
    """

    name: str
    command: str
    alpha: float = 1.0

    def stylize(self, pairs: Sequence[Pair], folder: Path) -> Cost | None:
        """Write the pictures.

        Raises:
            StylerError: If the tool fails.
        """
        costs = [cost for pair in pairs if (cost := self._stylized(pair, folder / pair.name))]
        if not costs:
            return None
        peaks = [cost.peak_mib for cost in costs if cost.peak_mib is not None]
        return Cost(statistics.median(cost.seconds for cost in costs), max(peaks, default=None))

    def _stylized(self, pair: Pair, out: Path) -> Cost | None:
        report = out.with_suffix(".json")
        if not out.is_file():
            paths = {"content": pair.content, "style": pair.style, "out": out}
            command = [part.format(**paths) for part in shlex.split(self.command)]
            try:
                done = subprocess.run(command, capture_output=True, text=True)
            except OSError as error:
                raise StylerError(f"can't run {command[0]}: {error}", "check the command of --peer") from error
            if done.returncode or not out.is_file():
                reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}, no picture"])[-1]
                raise StylerError(f"{self.name} failed: {reason}", f"run it separately: {shlex.join(command)}")
            report.write_text((done.stdout.strip().splitlines() or [""])[-1])
        try:
            cost = json.loads(report.read_text())
            return Cost(statistics.median(cost["seconds"]), cost.get("peak_mib"))
        except (OSError, ValueError, KeyError, TypeError):
            return None
