"""What makes the pictures that are judged: our models, and other tools by their command lines."""

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
from typing import Protocol

from styler.benchmarks.quality.pairs import Pair
from styler.choices import Transform
from styler.errors import StylerError
from styler.process import peak_mib


@dataclass(frozen=True)
class Cost:
    """Median seconds a picture, networks in memory and style unknown, and the most memory the process held."""

    seconds: float
    peak_mib: int | None


class Contender(Protocol):
    """Something that stylizes."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def alpha(self) -> float:
        """Its strength."""
        ...

    def stylize(self, pairs: Sequence[Pair], folder: Path) -> Cost | None:
        """Write each pair's picture, called as the pair, to the folder."""
        ...


def folder_of(contender: Contender, folder: Path) -> Path:
    """Return where, below `folder`, the contender's pictures are."""
    return folder / f"{contender.name}-{contender.alpha:g}"


def costs_of(contenders: Sequence[Contender], pairs: Sequence[Pair], folder: Path) -> Iterator[Cost | None]:
    """Stylize the pairs by each contender, into folders below `folder`, and yield what it cost."""
    for contender in contenders:
        place = folder_of(contender, folder)
        place.mkdir(parents=True, exist_ok=True)
        yield contender.stylize(pairs, place)


@dataclass(frozen=True)
class OurModel:
    """A model of this project at a strength; it runs in a process of its own, so that its memory is known."""

    model: str
    alpha: float = 1.0
    transform: Transform = "transport"
    device: str = "auto"

    @property
    def name(self) -> str:
        """The model's, and the transform if it is not the usual one."""
        return Path(self.model).stem + ("" if self.transform == "transport" else f" {self.transform}")

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
        image = stylizer.stylize(content, style, alpha=model.alpha, transform=model.transform)
        seconds.append(time.perf_counter() - start)
        Picture.of(image).save(folder / pair.name, overwrite=True)
    return Cost(statistics.median(seconds), peak_mib())


@dataclass(frozen=True)
class OtherTool:
    """Another tool: a command line with {content}, {style} and {out} in it.

    If the last line that it prints is JSON with `seconds`, a list, and `peak_mib`, these are taken; else its
    cost stays unknown, for starting is no part of it. What lies in the folder already is not made again.
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
        said = out.with_suffix(".json")
        if not out.is_file():
            places = {"content": pair.content, "style": pair.style, "out": out}
            words = [word.format(**places) for word in shlex.split(self.command)]
            try:
                done = subprocess.run(words, capture_output=True, text=True)
            except OSError as error:
                raise StylerError(f"can't run {words[0]}: {error}", "check the command of --peer") from error
            if done.returncode or not out.is_file():
                reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}, no picture"])[-1]
                raise StylerError(f"{self.name} failed: {reason}", f"try it alone: {shlex.join(words)}")
            said.write_text((done.stdout.strip().splitlines() or [""])[-1])
        try:
            cost = json.loads(said.read_text())
            return Cost(statistics.median(cost["seconds"]), cost.get("peak_mib"))
        except (OSError, ValueError, KeyError, TypeError):
            return None
