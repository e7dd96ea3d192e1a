"""`styler bench video`: how steady stylized clips are whose motion is known exactly."""

import json
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from styler.cli.bench_video_speed import print_speed
from styler.cli.console import stderr
from styler.cli.help_pages import examples
from styler.cli.markdown_table import header, line
from styler.cli.option_values import parse_peers
from styler.cli.options import DeviceOption, DTypeOption, ModelOption, RowsAsJsonOption
from styler.process import reduce_thread_spinning

if TYPE_CHECKING:
    from torch import Tensor

    from styler.benchmarks.video.scores import VideoScores

EXAMPLES = examples(
    "styler bench video photos painting.jpg --speed",
    'styler bench video photos painting.jpg --peer "other=other-tool {content} {style} {out}"',
)
COLUMNS = ("stylized by", "clip", "i = 1", "i = 10", "i = 1 over blur", "late sharpness", "effect", "style_left")


def bench_video(
    photos: Annotated[Path, typer.Argument(help="Folder of photographs, of which clips are made.", show_default=False)],
    style: Annotated[Path, typer.Argument(help="Style picture.", show_default=False)],
    pairs: Annotated[
        int,
        typer.Option(min=1, help="Pairs of photographs, each for four clips.", rich_help_panel="Measurement"),
    ] = 1,
    frames: Annotated[int, typer.Option(min=4, help="Frames of a clip.", rich_help_panel="Measurement")] = 24,
    steady: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="As in styler video.", show_default="0.75", rich_help_panel="Style"),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            help="Network that measures the distance from the style, as in styler bench quality.",
            show_default="none",
            rich_help_panel="Measurement",
        ),
    ] = None,
    peers: Annotated[
        list[str] | None,
        typer.Option(
            "--peer",
            metavar="NAME=COMMAND",
            help="Command of another tool with {content} and {out}, folders of numbered frames, and {style}. "
            "Repeatable.",
            rich_help_panel="Measurement",
        ),
    ] = None,
    speed: Annotated[
        bool,
        typer.Option(
            "--speed",
            help="Measure frames per second at 360p, 720p and 1080p instead, beside the network alone.",
            rich_help_panel="Measurement",
        ),
    ] = False,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    as_json: RowsAsJsonOption = False,
) -> None:
    """Measure how steady stylized clips are, over their frames stylized alone, or how fast they are made."""
    reduce_thread_spinning()
    from styler.video.extra import check_installed

    check_installed()
    if speed:
        print_speed(photos, style, model=model, device=device, dtype=dtype, as_json=as_json)
        return
    others = parse_peers(peers or [])
    rows = list(measured(photos, style, pairs, frames, steady, judge, others, (model, device, dtype)))
    if as_json:
        for row in rows:
            typer.echo(json.dumps(asdict(row)))
        return
    cells = [[row.tool, row.clip, *(f"{x:.3f}" for x in list(asdict(row).values())[2:7])] for row in rows]
    left = ["" if row.style_left is None else f"{row.style_left:.3f}" for row in rows]
    typer.echo("\n".join([*header(COLUMNS), *(line([*row, last]) for row, last in zip(cells, left, strict=True))]))


def measured(
    photos: Path,
    style: Path,
    pairs: int,
    count: int,
    steady: float | None,
    judge: str | None,
    peers: dict[str, str],
    loading: tuple[str, str, Any],
) -> "Iterator[VideoScores]":
    """Yield the scores of our model and of the peers on all clips."""
    from styler.batch.folders import sources
    from styler.benchmarks.video.clips import known_clips
    from styler.benchmarks.video.scores import video_scores
    from styler.images import Picture
    from styler.transfer.stylizer import Stylizer
    from styler.video.blending import STEADY

    found = [source.path for source in sources(photos, "contents", None, recursive=True)]
    chosen = [(found[2 * k % len(found)], found[(2 * k + 1) % len(found)]) for k in range(pairs)]
    stylizer = Stylizer(loading[0], device=loading[1], dtype=loading[2])
    distances = None if judge is None else style_distances(judge, style)
    for background, thing in chosen:
        images = [Picture.open(path).resized(480).image[0] for path in (background, thing)]
        for clip in known_clips(*images, count=count):
            stderr.print(f"{background.stem}: {clip.name}", highlight=False)
            contents = clip.frames()
            alone = stylized_frames(stylizer, contents, style, 0.0)
            ours = stylized_frames(stylizer, contents, style, STEADY if steady is None else steady)
            yield video_scores(stylizer.model.name, clip, ours, alone, distances=distances)
            for name, command in peers.items():
                result = peer_frames(name, command, contents, style)
                yield video_scores(name, clip, result, alone, distances=distances)


def style_distances(judge: str, style: Path) -> Any:
    """Return a function from an image to its distances from the style, one a level of the judge."""
    from styler.benchmarks.quality.judges import check_judge, load_judge
    from styler.images import Picture
    from styler.transfer.moments import moments_of, wasserstein

    check_judge(judge)
    network = load_judge(judge)
    wanted = [moments_of(x) for x in network.features(Picture.open(style).resized(320).image)]

    def distances(image: "Tensor") -> list[float]:
        found = [moments_of(x) for x in network.features(image)]
        return [float(wasserstein(a, b)) for a, b in zip(found, wanted, strict=True)]

    return distances


def stylized_frames(stylizer: Any, contents: "Tensor", style: Path, steady: float) -> "Tensor":
    """Return the frames of a clip, stylized by `styler video` from and to folders of frames."""
    from styler.video.clip import stylize_clip
    from styler.video.clip_output import Output
    from styler.video.settings import VideoSettings

    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in", Path(folder) / "out"
        write_pictures(contents, source)
        settings = VideoSettings((style,), steady=steady, moments="shot")
        stylize_clip(source, stylizer, settings, Output(out))
        return read_pictures(out)


def peer_frames(name: str, command: str, contents: "Tensor", style: Path) -> "Tensor":
    """Return the frames that another tool makes of a clip.

    Raises:
        StylerError: If it fails.
    """
    from styler.errors import StylerError

    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in", Path(folder) / "out"
        write_pictures(contents, source)
        out.mkdir()
        words = [word.format(content=source, style=style, out=out) for word in shlex.split(command)]
        try:
            done = subprocess.run(words, capture_output=True, text=True)
        except OSError as error:
            raise StylerError(f"can't run {words[0]}: {error}", "check the command of --peer") from error
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise StylerError(f"{name} failed: {reason}", f"run it separately: {shlex.join(words)}")
        return read_pictures(out)


def write_pictures(frames: "Tensor", folder: Path) -> None:
    """Write frames as numbered PNG files."""
    from styler.images import Picture

    folder.mkdir()
    for index, frame in enumerate(frames, 1):
        Picture.of(frame).save(folder / f"{index:05}.png")


def read_pictures(folder: Path) -> "Tensor":
    """Return the numbered pictures in a folder as frames."""
    import torch

    from styler.images import Picture

    files: Sequence[Path] = sorted(folder.glob("*.png"))
    return torch.cat([Picture.open(file).image for file in files]) if files else torch.zeros(0, 3, 0, 0)
