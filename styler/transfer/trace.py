"""What a transfer did, for those who ask: seconds of each stage, and how exact its roots were."""

import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from styler.errors import StylerWarning
from styler.images.masks import MaskSource
from styler.transfer.refinement_progress import Watch
from styler.transfer.whitening import Affine


@dataclass
class Trace:
    """Seconds by stage, in the order in which the stages first ran, the maps of the features, what masks were taken
    from, and the warnings.

    `announce` is called with a stage's name as it begins, `advance` with the share of the networks' work that is done.
    `watch` follows a refinement; `interrupted` is set if it stopped it, and then nothing is recorded in the picture.
    `settings` are the keyword arguments of `Stylizer.stylize`, with defaults, as they are recorded in a picture.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    maps: list[Affine] = field(default_factory=list)
    masks: list[MaskSource] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    announce: Callable[[str], object] = lambda stage: None
    advance: Callable[[float], None] = lambda share: None
    watch: Watch = field(default_factory=Watch)
    interrupted: bool = False
    _work: float = 0.0
    _done: float = 0.0

    def add_work(self, amount: float) -> None:
        """Count more work that is to be done, in any unit."""
        self._work += amount

    def finish_work(self, amount: float) -> None:
        """Count work as done, and report the share of what was added."""
        self._done += amount
        if self._work:
            self.advance(min(1.0, self._done / self._work))

    @property
    def root_residual(self) -> float:
        """The worst relative residual of a matrix root."""
        return max((float(one.residual.max()) for one in self.maps), default=0.0)

    @property
    def num_fallbacks(self) -> int:
        """Number of maps with a root that missed its tolerance, so that `eigh` took over."""
        return sum(int(one.fell_back.sum()) for one in self.maps)

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Announce the stage `name` and add the time of the block to it."""
        self.announce(name)
        start = time.perf_counter()
        yield
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        self.seconds[name] += time.perf_counter() - start

    def warn(self, text: str) -> None:
        """Issue a `StylerWarning`, and note it."""
        self.notes.append(text)
        warnings.warn(text, StylerWarning, stacklevel=2)
