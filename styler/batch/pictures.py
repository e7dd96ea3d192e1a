"""Loading, stylizing and saving the pictures of a batch."""

import hashlib
import io
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styler.batch.ledger import Ledger
from styler.batch.plan import Job
from styler.batch.setup import job_settings
from styler.choices import MAX_PIXELS
from styler.errors import StylerError
from styler.files import atomic_file, check_regular, write_error
from styler.images import Picture, image_size, resized_size
from styler.images.format_limits import check_size
from styler.images.masks import mask_like
from styler.images.own_samples import own_samples
from styler.transfer.record import Record, record_of
from styler.transfer.style import Style
from styler.transfer.stylizer import Stylizer


@dataclass(frozen=True, eq=False)
class LoadedPicture:
    """A content in memory, at the resolution at which it is stylized."""

    job: Job
    picture: Picture
    seconds: float

    @property
    def num_pixels(self) -> int:
        """Height times width."""
        return self.picture.size[0] * self.picture.size[1]

    @property
    def batch_key(self) -> tuple[object, ...]:
        """Key of the pictures that may be stylized in one batch: styles, alpha, size and sample type."""
        return self.job.styles, self.job.alpha, self.picture.size, self.picture.samples.dtype


class BatchStylizer:
    """A `Stylizer` with the settings of a batch and the folder of results.

    `load` and `save` may be called from any thread, `stylize` from one thread at a time.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        settings: dict[str, Any],
        folder: Path,
        *,
        overwrite: bool = False,
        verify: bool = False,
        keep_metadata: bool = True,
        max_pixels: int = MAX_PIXELS,
    ):
        """Store the arguments.

        Args:
            stylizer: A loaded model.
            settings: Keyword arguments of `Stylizer.stylize` for all jobs, except alpha, which each job has.
            folder: Folder of the results.
            overwrite: Whether existing files are replaced.
            verify: Whether the hashes of finished results are compared with the ledger, not only their sizes.
            keep_metadata: Whether results get the metadata of their content and the record of settings.
            max_pixels: Limit for contents, see `Picture.open`.
        """
        self.stylizer, self.settings, self.folder = stylizer, settings, folder
        self.overwrite, self.verify = overwrite, verify
        self.keep_metadata, self.max_pixels = keep_metadata, max_pixels
        self.replaceable: set[str] = set()
        """Results that this command made and that were changed since; they are replaced without `overwrite`."""
        self._styles: dict[tuple[Path, int], Style] = {}
        self._longest: dict[Path, int] = {}
        self._last_styles: tuple[Path, ...] = ()

    def settings_of(self, job: Job) -> dict[str, Any]:
        """Return the keyword arguments of `Stylizer.stylize` for a job."""
        return job_settings(self.settings, job)

    def record(self, job: Job) -> Record:
        """Return the record of the inputs and settings of a job, see `styler.transfer.record`.

        Raises:
            StylerError: If an input can't be read.
        """
        for path in (job.content, *job.styles):
            check_regular(path)
        try:
            return record_of(job.content, list(job.styles), self.stylizer.model, self.settings_of(job))
        except OSError as error:
            what = f"cannot read {error.filename}: {error.strerror}"
            raise StylerError(what, "check the name, and who may read it") from error

    def pixels_to_load(self, job: Job) -> int:
        """Return how many pixels `load` holds at a time, from the header of the content; 0 if it can't be read.

        Raises:
            StylerError: If they would be too many after resizing, or the content is no file.
        """
        check_regular(job.content)
        size = image_size(job.content)
        return max(math.prod(size), resized_pixels(*size, self.settings.get("size"))) if size else 0

    def load(self, job: Job) -> LoadedPicture:
        """Return the content of a job, read and resized.

        Raises:
            StylerError: If it can't be read, or has too many pixels for the format of the result.
        """
        start = time.perf_counter()
        check_regular(job.content)
        picture, size = Picture.open(job.content, max_pixels=self.max_pixels), self.settings.get("size")
        picture = picture if size is None else picture.resized(size)
        bytes_per_pixel = (3 + (picture.alpha is not None)) * (picture.depth // 8)
        check_size(job.out.suffix, *picture.size, bytes_per_pixel=bytes_per_pixel)
        return LoadedPicture(job, picture, time.perf_counter() - start)

    def stylize(self, batch: Sequence[LoadedPicture]) -> list[Tensor]:
        """Return the stylized samples of pictures with the same `batch_key`, `(1, 3, H, W)` each.

        Raises:
            StylerError: If the style can't be read.
        """
        images, job = torch.cat([loaded.picture.samples for loaded in batch]), batch[0].job
        settings = self.settings_of(job)
        # The style is then recolored for each content, or seen at several sizes.
        matched = settings.get("preserve_color") == "match" or settings.get("refine")
        longest = max(images.shape[-2:])
        styles = list(job.styles) if matched else [self._style(path, job.styles, longest) for path in job.styles]
        return list(self.stylizer.stylize(images, styles, **settings).split(1))

    def save(self, loaded: LoadedPicture, samples: Tensor, seconds: float, ledger: Ledger) -> float:
        """Write a picture and its two ledger lines; return the total seconds, including `seconds` of the network.

        Raises:
            StylerError: If it can't be written.
        """
        start, job, path = time.perf_counter(), loaded.job, self.folder / loaded.job.out
        record, data = self.record(job), io.BytesIO()
        result = loaded.picture.with_samples(samples, settings=json.dumps(record))
        if self.settings.get("keep"):
            mask = mask_like(samples, Path(self.settings["keep"]))
            own = own_samples(job.content, loaded.picture.profile, mask, max_pixels=self.max_pixels)
            result = replace(result, own=own)
        result.save(data, format=path.suffix[1:], metadata="keep" if self.keep_metadata else "strip")
        digits, num_bytes = hashlib.sha256(data.getbuffer()).hexdigest(), len(data.getbuffer())
        line = {"out": job.key, "output": digits, "bytes": num_bytes, **record}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path.parent, error) from error
        ledger.append({"outcome": "writing", **line})
        overwrite = self.overwrite or job.key in self.replaceable
        with atomic_file(path, overwrite=overwrite, owner=ledger.path.stem) as file:
            file.write(data.getbuffer())
        seconds = round(loaded.seconds + seconds + time.perf_counter() - start, 4)
        ledger.append({"outcome": "done", **line, "seconds": seconds})
        return seconds

    def _style(self, path: Path, styles: tuple[Path, ...], longest: int) -> Style:
        """Return the moments of a style for contents with a longer side of `longest` pixels.

        Those of one job's `styles` are cached, since jobs are grouped by style.
        """
        check_regular(path)
        if self._last_styles != styles:
            self._styles.clear()
            self._longest = {one: max(image_size(one) or (longest,)) for one in styles if one.is_file()}
            self._last_styles = styles
        size = self.settings.get("style_size") or min(longest, self._longest.get(path, longest))
        if (path, size) not in self._styles:
            scale = self.settings.get("style_scale", 1.0)
            self._styles[path, size] = self.stylizer.style(path, size=size, scale=scale)
        return self._styles[path, size]


def resized_pixels(height: int, width: int, size: int | None) -> int:
    """Return the number of pixels of a picture after `Picture.resized`; None keeps its size.

    Raises:
        StylerError: If they are too many.
    """
    return height * width if size is None else math.prod(resized_size(height, width, size))
