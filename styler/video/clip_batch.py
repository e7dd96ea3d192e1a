"""Folders of clips: each clip in each style is a job of a batch, recorded in the batch's ledger."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import styler
from styler.batch.folders import sources
from styler.batch.ledger import Ledger
from styler.batch.names import Template
from styler.batch.pictures import BatchStylizer
from styler.batch.pipeline import Outcome
from styler.batch.plan import Job, Pair, grouped_by_style, named
from styler.batch.resuming import remaining_jobs
from styler.choices import READABLE_SUFFIXES, STYLE_SUFFIX
from styler.errors import StylerError
from styler.files import sha256, write_error
from styler.transfer.record import Record
from styler.transfer.stylizer import Stylizer
from styler.video.clip import ClipResult, Progress, stylize_clip
from styler.video.clip_output import Output
from styler.video.encoding import VIDEO_SUFFIXES
from styler.video.input_files import input_record
from styler.video.plan import Timing
from styler.video.segment_running import Workers
from styler.video.settings import VideoSettings, settings_files, settings_record


def holds_clips(path: Path) -> bool:
    """Return whether a path is a folder of videos, rather than one of frames."""
    return path.is_dir() and any(file.suffix.lower() in VIDEO_SUFFIXES for file in path.iterdir())


def planned_clips(clips: Path, styles: Sequence[Path], out: Path, *, recursive: bool, suffix: str) -> list[Job]:
    """Return the jobs of all pairs of a clip and a style.

    Args:
        clips: A video, or a folder of them.
        styles: Pictures, .style files and folders of them.
        out: Folder of results.
        recursive: Whether subfolders are searched; the results mirror them.
        suffix: File extension of the results, without a dot.

    Raises:
        StylerError: If there are no clips or styles.
    """
    found = sources(clips, "clips", out, recursive, VIDEO_SUFFIXES)
    looks = [one for path in styles for one in sources(path, "styles", out, recursive, _STYLES)]
    pairs = [Pair(content, (look,), 1.0) for look in looks for content in found]
    return grouped_by_style(named(pairs, Template("{content}-{style}", suffix)))


_STYLES = (*READABLE_SUFFIXES, STYLE_SUFFIX)


@dataclass(frozen=True)
class ClipOptions:
    """What the clips of a batch have in common."""

    settings: VideoSettings
    output: Output
    timing: Timing
    workers: Workers

    def settings_of(self, job: Job) -> VideoSettings:
        """Return the settings of a job."""
        return replace(self.settings, styles=job.styles)


class ClipBatch(BatchStylizer):
    """Clips as jobs: which remain, and what each was made of."""

    def __init__(self, stylizer: Stylizer, options: ClipOptions, folder: Path):
        super().__init__(stylizer, {}, folder, overwrite=options.output.overwrite)
        self.options = options

    def record(self, job: Job) -> Record:
        """Return what a clip is made from.

        Raises:
            StylerError: If an input can't be read.
        """
        settings, output, timing = self.options.settings_of(job), self.options.output, self.options.timing
        try:
            content, *styles = input_record(job.content, settings_files(settings))
        except OSError as error:
            what = f"cannot read {error.filename}: {error.strerror}"
            raise StylerError(what, "check the name, and who may read it") from error
        how = {"codec": output.codec, "crf": output.crf, "preset": output.preset, "size": output.size}
        how |= {"start": str(timing.start), "end": str(timing.end), "fps": str(timing.fps), "streams": output.streams}
        model = {"name": self.stylizer.model.name, "encoder": self.stylizer.fingerprint}
        record = {"styler": styler.__version__, "content": content, "styles": styles, "others": [], "model": model}
        return record | {"settings": settings_record(settings) | how}

    def outcomes(
        self, jobs: Sequence[Job], ledger: Ledger, *, progress: Callable[[Job], Progress]
    ) -> Iterator[tuple[Outcome, ClipResult | None]]:
        """Make the clips one after the other, and yield what became of each; one that fails does not stop the others.

        Of several shards each begins with another clip, so that they need not wait for each other while a clip is
        analyzed; a clip that another shard has finished meanwhile is left out. The shard that joins it records it.

        Raises:
            StylerError: If the ledger can't be written.
        """
        shard = self.options.workers.shard
        first = len(jobs) * (shard.number - 1) // shard.count
        for job in [*jobs[first:], *jobs[:first]]:
            if shard.count > 1 and not remaining_jobs([job], self).left:
                continue
            start = perf_counter()
            try:
                result = self._made(job, progress(job))
            except StylerError as error:
                ledger.append({"outcome": "failed", "out": job.key, "error": error.what})
                yield Outcome(job, error=error), None
                continue
            seconds = round(perf_counter() - start, 3)
            if result.is_joined_here:
                path = self.folder / job.out
                line = {"out": job.key, "output": sha256(path), "bytes": path.stat().st_size, **self.record(job)}
                ledger.append({"outcome": "done", **line, "seconds": seconds})
            yield Outcome(job, seconds), result

    def _made(self, job: Job, progress: Progress) -> ClipResult:
        path = self.folder / job.out
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path.parent, error) from error
        output = replace(self.options.output, out=path, overwrite=self.overwrite or job.key in self.replaceable)
        settings = self.options.settings_of(job)
        how: dict[str, Any] = {"timing": self.options.timing, "workers": self.options.workers, "progress": progress}
        return stylize_clip(job.content, self.stylizer, settings, output, **how)
