"""`styler video`: moving pictures in a style, steady, with their sound."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from styler.choices import PHOTO_ALPHA
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
from styler.cli.video_runs import make_clip, make_clips, pipe_frames
from styler.cli.video_values import parse_alpha_key, parse_key, parse_rate, parse_size, parse_time

if TYPE_CHECKING:
    pass

SOME_FAILED = 3
"""Exit status."""

EXAMPLES = examples(
    "styler video clip.mp4 painting.jpg --out result.mp4",
    "styler video clip.mp4 a.jpg --style-at 0:05=b.jpg --end 0:10 --out result.mp4",
)

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def video(
    clip: Annotated[
        Path,
        typer.Argument(
            metavar="CLIP",
            help="Video, animated GIF, WebP or APNG, folder of numbered frames, or folder of videos; "
            "- reads raw frames from standard input.",
            show_default=False,
        ),
    ],
    styles: Annotated[
        list[Path],
        typer.Argument(
            metavar="STYLE...",
            help="Style pictures or .style files, or a folder of them. Repeatable.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Output: .mp4, .mov, .mkv, .webm, .gif, .webp, .apng, a folder or pattern of frames, "
            "or a folder for several clips; - writes raw frames to standard output.",
            show_default="CLIP-STYLE.mp4",
            rich_help_panel="Output",
        ),
    ] = None,
    codec: Annotated[
        Literal["h264", "hevc", "av1", "vp9", "prores", "ffv1"] | None,
        typer.Option(
            help="Video codec.",
            show_default="h264, hevc for more than 8 bits, vp9 in .webm",
            rich_help_panel="Output",
        ),
    ] = None,
    crf: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=63,
            help="Quality on the codec's scale; lower is better and larger.",
            show_default="18 for h264",
            rich_help_panel="Output",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Speed preset of the encoder.", show_default="medium for h264", rich_help_panel="Output"),
    ] = None,
    streams: Annotated[
        Literal["all", "none"],
        typer.Option(help="Copy sound, subtitles and attachments (all), or leave them out.", rich_help_panel="Output"),
    ] = "all",
    start: Annotated[
        str | None, typer.Option(help="Time at which to begin, e.g. 0:05 or 2.5.", rich_help_panel="Input")
    ] = None,
    end: Annotated[str | None, typer.Option(help="Time at which to end.", rich_help_panel="Input")] = None,
    fps: Annotated[
        str | None,
        typer.Option(
            help="Frames per second of the result, e.g. 12 or 30000/1001; also those of a folder of frames.",
            show_default="those of the clip, 25 for frames",
            rich_help_panel="Input",
        ),
    ] = None,
    raw: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="Size of the raw RGB frames on standard input and output.",
            rich_help_panel="Input",
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Search subfolders for clips too.", rich_help_panel="Input")
    ] = False,
    steady: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="How much of the frame before is blended in along the motion; 0 turns it off.",
            show_default="0.75, with --photo 0",
            rich_help_panel="Style",
        ),
    ] = None,
    moments: Annotated[
        Literal["shot", "frame"],
        typer.Option(help="Compute the transform once for each shot, or for each frame.", rich_help_panel="Style"),
    ] = "shot",
    seed_flats: Annotated[
        bool,
        typer.Option(
            "--seed-flats",
            help="Give flat parts the style's texture; it stays on the screen.",
            rich_help_panel="Style",
        ),
    ] = False,
    style_at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TIME=STYLE",
            help="Style at a time, e.g. 0:05=b.jpg; the style changes gradually until then. Repeatable.",
            rich_help_panel="Style",
        ),
    ] = None,
    photo: Annotated[
        bool,
        typer.Option(
            "--photo",
            help="Change colors alone, as styler photo does, by one table for each shot.",
            rich_help_panel="Style",
        ),
    ] = False,
    alpha: Annotated[
        str | None,
        typer.Option(
            help="Style strength, 0 to 1; or by level, e.g. relu4_1=0.8,relu1_1=0.5; levels not named have 1.",
            show_default=f"1, with --photo {PHOTO_ALPHA}",
            rich_help_panel="Style",
        ),
    ] = None,
    alpha_at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TIME=ALPHA",
            help="Style strength at a time, e.g. 0:05=0.5; it changes gradually until then. Repeatable.",
            rich_help_panel="Style",
        ),
    ] = None,
    weights: WeightsOption = None,
    mask: Annotated[
        list[Path] | None,
        typer.Option(
            help="Mask picture or video; white areas get the matching --style. Repeatable.", rich_help_panel="Style"
        ),
    ] = None,
    style: MaskStyleOption = None,
    keep: Annotated[
        Path | None, typer.Option(help="Mask picture or video; white areas stay unchanged.", rich_help_panel="Style")
    ] = None,
    preserve_color: ColorsOption = "none",
    levels: LevelsOption = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=16, help="Longer side of the result, in pixels.", show_default="the clip's size", rich_help_panel="Size"
        ),
    ] = None,
    style_size: StyleSizeOption = None,
    style_scale: StyleScaleOption = 1.0,
    transform: TransformOption = "transport",
    method: MethodOption = "auto",
    max_memory: MaxMemoryOption = "2G",
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON per event.", rich_help_panel="Output")
    ] = False,
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
    piped = [str(path) == "-" for path in (clip, out)]
    if any(piped) != (raw is not None) or piped[0] != piped[1]:
        raise typer.BadParameter("raw frames need all of CLIP -, --out - and --raw WIDTHxHEIGHT")
    unfit = {
        "--style-at": bool(style_at),
        "--alpha-at": bool(alpha_at),
        "--raw": raw is not None,
        "--levels": levels is not None,
        "--preserve-color": preserve_color != "none",
        "--moments frame": moments == "frame",
        "--alpha by level": isinstance(strengths, dict),
        "--seed-flats": seed_flats,
    }
    if photo and any(unfit.values()):
        option = next(name for name, is_given in unfit.items() if is_given)
        raise typer.BadParameter(f"--photo has one table for each shot, so {option} can't be given too")
    keys = [parse_key(text, "--style-at") for text in style_at or []]
    from styler.video.extra import check_installed

    check_installed()
    from styler.process import keep_freed_memory
    from styler.transfer.stylizer import Stylizer
    from styler.video.blending import STEADY
    from styler.video.clip import Output
    from styler.video.frame_stylizing import VideoSettings
    from styler.video.plan import Timing

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
            failed = make_clips(clip, styles, stylizer, settings, output, timing, messages, recursive=recursive)
            if failed:
                raise typer.Exit(SOME_FAILED)
        else:
            make_clip(clip, stylizer, settings, output, timing, messages)


def check_files(paths: list[Path]) -> None:
    """Raise an error for the first path that does not exist, before a model is loaded."""
    from styler.errors import StylerError

    for path in paths:
        if not path.exists():
            raise StylerError(f"no such file: {path}", "check the name")
