"""Options of `styler video` alone; those that other commands have too are in `styler.cli.options`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.choices import PHOTO_ALPHA

ClipArgument = Annotated[
    Path,
    typer.Argument(
        metavar="CLIP",
        help="Video, animated GIF, WebP or APNG, folder of numbered frames, or folder of videos; "
        "- reads raw frames from standard input.",
        show_default=False,
    ),
]
StylesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="STYLE...",
        help="Style pictures or .style files, or a folder of them. Repeatable.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Output: .mp4, .mov, .mkv, .webm, .gif, .webp, .apng, a folder or pattern of frames, "
        "or a folder for several clips; - writes raw frames to standard output.",
        show_default="CLIP-STYLE.mp4",
        rich_help_panel="Output",
    ),
]
CodecOption = Annotated[
    Literal["h264", "hevc", "av1", "vp9", "prores", "ffv1"] | None,
    typer.Option(
        help="Video codec.",
        show_default="h264, hevc for more than 8 bits, vp9 in .webm",
        rich_help_panel="Output",
    ),
]
CrfOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=63,
        help="Quality on the codec's scale; lower is better and larger.",
        show_default="18 for h264",
        rich_help_panel="Output",
    ),
]
PresetOption = Annotated[
    str | None,
    typer.Option(help="Speed preset of the encoder.", show_default="faster for h264", rich_help_panel="Output"),
]
StreamsOption = Annotated[
    Literal["all", "none"],
    typer.Option(help="Copy sound, subtitles and attachments (all), or leave them out.", rich_help_panel="Output"),
]
StartOption = Annotated[
    str | None, typer.Option(help="Time at which to begin, e.g. 0:05 or 2.5.", rich_help_panel="Input")
]
EndOption = Annotated[str | None, typer.Option(help="Time at which to end.", rich_help_panel="Input")]
RateOption = Annotated[
    str | None,
    typer.Option(
        help="Frames per second of the result, e.g. 12 or 30000/1001; also those of a folder of frames.",
        show_default="those of the clip, 25 for frames",
        rich_help_panel="Input",
    ),
]
RawOption = Annotated[
    str | None,
    typer.Option(
        metavar="WIDTHxHEIGHT",
        help="Size of the raw RGB frames on standard input and output.",
        rich_help_panel="Input",
    ),
]
RecursiveOption = Annotated[
    bool, typer.Option("--recursive", "-r", help="Search subfolders for clips too.", rich_help_panel="Input")
]
SteadyOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="How much of the frame before is blended in along the motion; 0 turns it off.",
        show_default="0.75, with --photo 0",
        rich_help_panel="Style",
    ),
]
MomentsOption = Annotated[
    Literal["shot", "frame"],
    typer.Option(help="Compute the transform once for each shot, or for each frame.", rich_help_panel="Style"),
]
SeedFlatsOption = Annotated[
    bool,
    typer.Option(
        "--seed-flats",
        help="Give flat parts the style's texture; it stays on the screen.",
        rich_help_panel="Style",
    ),
]
StyleAtOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TIME=STYLE",
        help="Style at a time, e.g. 0:05=b.jpg; the style changes gradually until then. Repeatable.",
        rich_help_panel="Style",
    ),
]
PhotoOption = Annotated[
    bool,
    typer.Option(
        "--photo",
        help="Change colors alone, as styler photo does, by one table for each shot.",
        rich_help_panel="Style",
    ),
]
StrengthOption = Annotated[
    str | None,
    typer.Option(
        help="Style strength, 0 to 1; or by level, e.g. relu4_1=0.8,relu1_1=0.5; levels not named have 1.",
        show_default=f"1, with --photo {PHOTO_ALPHA}",
        rich_help_panel="Style",
    ),
]
AlphaAtOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TIME=ALPHA",
        help="Style strength at a time, e.g. 0:05=0.5; it changes gradually until then. Repeatable.",
        rich_help_panel="Style",
    ),
]
MaskOption = Annotated[
    list[Path] | None,
    typer.Option(
        help="Mask picture or video; white areas get the matching --style. Repeatable.", rich_help_panel="Style"
    ),
]
KeepOption = Annotated[
    Path | None, typer.Option(help="Mask picture or video; white areas stay unchanged.", rich_help_panel="Style")
]
SizeOption = Annotated[
    int | None,
    typer.Option(
        min=16, help="Longer side of the result, in pixels.", show_default="the clip's size", rich_help_panel="Size"
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        help="Make part I/N of the segments of each video, from 1/N to N/N.",
        show_default="from RANK or Slurm's array, or all",
        rich_help_panel="Run",
    ),
]
