"""One picture of a batch: read, stylized with others of its size, written."""

import hashlib
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styler.batch.ledger import Ledger
from styler.batch.plan import Job
from styler.choices import MAX_PIXELS
from styler.errors import StylerError
from styler.files import atomic_file, write_error
from styler.images import Picture, image_size
from styler.transfer.record import Record, record_of
from styler.transfer.style import Style
from styler.transfer.stylizer import Stylizer


@dataclass(frozen=True, eq=False)
class Loaded:
    """A content in memory, at the size at which it is stylized."""

    job: Job
    picture: Picture
    seconds: float

    @property
    def num_pixels(self) -> int:
        """Height times width."""
        return self.picture.size[0] * self.picture.size[1]

    @property
    def likeness(self) -> tuple[object, ...]:
        """What pictures that go through the network together have in common."""
        return self.job.style, self.job.alpha, self.picture.size, self.picture.samples.dtype


class Studio:
    """A model, its settings, and the folder of results; `load` and `save` may run in any thread, `stylize` in one."""

    def __init__(
        self,
        stylizer: Stylizer,
        settings: dict[str, Any],
        folder: Path,
        *,
        overwrite: bool = False,
        keep_metadata: bool = True,
        max_pixels: int = MAX_PIXELS,
    ):
        """Keep the parts.

        Args:
            stylizer: The model in memory.
            settings: Keyword arguments of `Stylizer.stylize`, the same for all; a job's alpha takes precedence.
            folder: Where results are written.
            overwrite: Whether files that exist are replaced.
            keep_metadata: Whether results have the contents' metadata, and the settings that made them.
            max_pixels: Contents of more are refused.
        """
        self.stylizer, self.settings, self.folder = stylizer, settings, folder
        self.overwrite, self.keep_metadata, self.max_pixels = overwrite, keep_metadata, max_pixels
        self._styles: dict[int, Style] = {}
        self._last: tuple[Path, int] | None = None

    def settings_of(self, job: Job) -> dict[str, Any]:
        """Return the keyword arguments of `Stylizer.stylize` for a job."""
        return self.settings | {"alpha": job.alpha}

    def record(self, job: Job) -> Record:
        """Return what the job's picture is made of.

        Raises:
            StylerError: If an input can't be read.
        """
        try:
            return record_of(job.content, [job.style], self.stylizer.model, self.settings_of(job))
        except OSError as error:
            what = f"cannot read {error.filename}: {error.strerror}"
            raise StylerError(what, "check the name, and who may read it") from error

    def load(self, job: Job) -> Loaded:
        """Return the content of a job.

        Raises:
            StylerError: If it can't be read, or would be enlarged too much.
        """
        start = time.perf_counter()
        picture, size = Picture.open(job.content, max_pixels=self.max_pixels), self.settings.get("size")
        picture = picture if size is None else picture.resized(size)
        return Loaded(job, picture, time.perf_counter() - start)

    def stylize(self, batch: Sequence[Loaded]) -> list[Tensor]:
        """Return the samples of a batch of one likeness, stylized, `(1, 3, H, W)` each.

        Raises:
            StylerError: If the style can't be read.
        """
        images, job = torch.cat([loaded.picture.samples for loaded in batch]), batch[0].job
        settings = self.settings_of(job)
        matched = settings.get("preserve_color") == "match"  # the style then differs from content to content
        style = job.style if matched else self._style(job.style, max(images.shape[-2:]))
        return list(self.stylizer.stylize(images, style, **settings).split(1))

    def save(self, loaded: Loaded, samples: Tensor, seconds: float, ledger: Ledger) -> float:
        """Write a picture, and in the ledger before and after; return the seconds that all took.

        Raises:
            StylerError: If it can't be written.
        """
        start, job, path = time.perf_counter(), loaded.job, self.folder / loaded.job.out
        record, data = self.record(job), io.BytesIO()
        result = loaded.picture.with_samples(samples, settings=json.dumps(record))
        result.save(data, format=path.suffix[1:], metadata="keep" if self.keep_metadata else "strip")
        line = {"out": job.key, "output": hashlib.sha256(data.getbuffer()).hexdigest(), **record}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path.parent, error) from error
        ledger.append({"outcome": "writing", **line})
        with atomic_file(path, overwrite=self.overwrite, owner=ledger.path.stem) as file:
            file.write(data.getbuffer())
        seconds = round(loaded.seconds + seconds + time.perf_counter() - start, 4)
        ledger.append({"outcome": "done", **line, "seconds": seconds})
        return seconds

    def _style(self, path: Path, longest: int) -> Style:
        """Return the moments of a style beside contents whose longer side is `longest` pixels."""
        if self._last is None or self._last[0] != path:  # a plan goes style by style
            self._styles.clear()
            self._last = path, max(image_size(path) or (longest,))
        size = self.settings.get("style_size") or min(longest, self._last[1])
        if size not in self._styles:
            scale = self.settings.get("style_scale", 1.0)
            self._styles[size] = self.stylizer.style(path, size=size, scale=scale)
        return self._styles[size]
