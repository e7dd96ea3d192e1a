"""`styler video`: moving pictures in a style, steady, with their sound."""

from pathlib import Path
from typing import Any

import typer

from styler.choices import PHOTO_ALPHA
from styler.cli.batch_options import AddressOption, EngineOption, EventsAsJsonOption, WorkersOption
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.option_values import check_alpha_levels, parse_alpha, parse_bytes, parse_levels, parse_weights
from styler.cli.options import (
    ColorsOption,
    DeviceOption,
    DTypeOption,
    LevelsOption,
    MaskStyleOption,
    MaxMemoryOption,
    MethodOption,
    ModelOption,
    OverwriteOption,
    QuietOption,
    StyleScaleOption,
    StyleSizeOption,
    TransformOption,
    WeightsOption,
)
from styler.cli.video_options import (
    AlphaAtOption,
    ClipArgument,
    CodecOption,
    CrfOption,
    EndOption,
    KeepOption,
    MaskOption,
    MomentsOption,
    OutOption,
    PhotoOption,
    PresetOption,
    RateOption,
    RawOption,
    RecursiveOption,
    SeedFlatsOption,
    ShardOption,
    SizeOption,
    StartOption,
    SteadyOption,
    StreamsOption,
    StrengthOption,
    StyleAtOption,
    StylesArgument,
)
from styler.cli.video_runs import make_clip, make_clips, pipe_frames
from styler.cli.video_values import (
    check_photo_options,
    check_raw_options,
    parse_alpha_key,
    parse_key,
    parse_rate,
    parse_size,
    parse_time,
)

SOME_FAILED = 3
"""Exit status."""

EXAMPLES = examples(
    "styler video clip.mp4 painting.jpg --out result.mp4",
    "styler video clip.mp4 a.jpg --style-at 0:05=b.jpg --end 0:10 --out result.mp4",
)

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def video(
    clip: ClipArgument,
    styles: StylesArgument,
    out: OutOption = None,
    codec: CodecOption = None,
    crf: CrfOption = None,
    preset: PresetOption = None,
    streams: StreamsOption = "all",
    start: StartOption = None,
    end: EndOption = None,
    fps: RateOption = None,
    raw: RawOption = None,
    recursive: RecursiveOption = False,
    steady: SteadyOption = None,
    moments: MomentsOption = "shot",
    seed_flats: SeedFlatsOption = False,
    style_at: StyleAtOption = None,
    photo: PhotoOption = False,
    alpha: StrengthOption = None,
    alpha_at: AlphaAtOption = None,
    weights: WeightsOption = None,
    mask: MaskOption = None,
    style: MaskStyleOption = None,
    keep: KeepOption = None,
    preserve_color: ColorsOption = "none",
    levels: LevelsOption = None,
    size: SizeOption = None,
    style_size: StyleSizeOption = None,
    style_scale: StyleScaleOption = 1.0,
    transform: TransformOption = "transport",
    method: MethodOption = "auto",
    max_memory: MaxMemoryOption = "2G",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    overwrite: OverwriteOption = False,
    shard: ShardOption = None,
    engine: EngineOption = "threads",
    address: AddressOption = None,
    workers: WorkersOption = None,
    quiet: QuietOption = False,
    as_json: EventsAsJsonOption = False,
) -> None:
    """Stylize a video with one or more style pictures, steadily and with its sound.

    Sound, subtitles, times, colors and rotation are kept. A run that was interrupted continues with the same command.
    """
    if mask and len(mask) != len(style or []):
        raise typer.BadParameter(f"{len(mask)} --mask and {len(style or [])} --style: each mask needs its style")
    usual = str(PHOTO_ALPHA) if photo else "1"
    strengths, chosen_levels, shares = parse_alpha(alpha or usual), parse_levels(levels), parse_weights(weights)
    check_alpha_levels(strengths, chosen_levels)
    if shares is not None and len(shares) != len(styles):
        raise typer.BadParameter(f"{len(shares)} --weights for {len(styles)} styles")
    check_raw_options(clip, out, raw)
    if engine != "ray" and (address or workers):
        raise typer.BadParameter("--address and --workers are for --engine ray")
    if photo:
        check_photo_options(
            {
                "--style-at": bool(style_at),
                "--alpha-at": bool(alpha_at),
                "--raw": raw is not None,
                "--levels": levels is not None,
                "--preserve-color": preserve_color != "none",
                "--moments frame": moments == "frame",
                "--alpha by level": isinstance(strengths, dict),
                "--seed-flats": seed_flats,
            }
        )
    keys = [parse_key(text, "--style-at") for text in style_at or []]
    from styler.video.extra import check_installed

    check_installed()
    from styler.batch.shards import parse_shard, shard_from_environment
    from styler.process import keep_freed_memory
    from styler.transfer.stylizer import Stylizer
    from styler.video.blending import STEADY
    from styler.video.clip_output import Output
    from styler.video.plan import Timing
    from styler.video.segment_running import Cluster, Workers
    from styler.video.settings import VideoSettings

    keep_freed_memory()
    settings = VideoSettings(
        tuple(styles),
        weights=None if shares is None else tuple(shares),
        alpha=strengths,
        style_at=tuple((seconds, Path(text)) for seconds, text in keys),
        alpha_at=tuple(parse_alpha_key(text) for text in alpha_at or []),
        regions=tuple(zip(mask or [], style or [], strict=False)),
        keep=keep,
        preserve_color=preserve_color,
        levels=None if chosen_levels is None else tuple(chosen_levels),
        style_size=style_size,
        style_scale=style_scale,
        transform=transform,
        method=method,
        max_memory=parse_bytes(max_memory),
        steady=(0.0 if photo else STEADY) if steady is None else steady,
        moments=moments,
        seed_flats=seed_flats,
        photo=photo,
    )
    check_files(
        [*styles, *(path for _, path in settings.style_at), *(mask or []), *(style or []), *([keep] if keep else [])]
    )
    rate = None if fps is None else parse_rate(fps)
    timing = Timing(parse_time(start or "0", "--start"), None if end is None else parse_time(end, "--end"), rate)
    part = parse_shard(shard) if shard else shard_from_environment()
    cluster = Cluster(model, device, address, workers) if engine == "ray" else None
    stylizer = Stylizer(model, device=device, dtype=dtype)
    if raw is not None:
        pipe_frames(stylizer, settings, parse_size(raw), float(rate or 25))
        return
    from styler.cli.video_output import VideoOutput
    from styler.video.clip_batch import holds_clips

    many = holds_clips(clip) or any(path.is_dir() for path in styles)
    target = out or Path("styled" if many else f"{clip.stem}-{'-'.join(path.stem for path in styles)}.mp4")
    options: dict[str, Any] = {"codec": codec, "crf": crf, "preset": preset, "size": size, "streams": streams}
    output = Output(target, overwrite=overwrite, **options)
    with VideoOutput(quiet=quiet, as_json=as_json) as messages:
        if many:
            failed = make_clips(
                clip, styles, stylizer, settings, output, timing, Workers(part, cluster), messages, recursive=recursive
            )
            if failed:
                raise typer.Exit(SOME_FAILED)
        else:
            make_clip(clip, stylizer, settings, output, timing, Workers(part, cluster), messages)


def check_files(paths: list[Path]) -> None:
    """Raise an error for the first path that does not exist, before a model is loaded."""
    from styler.errors import StylerError

    for path in paths:
        if not path.exists():
            raise StylerError(f"no such file: {path}", "check the name")
