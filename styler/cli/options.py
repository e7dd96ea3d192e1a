"""Options that several commands share, and the parsing of lists."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.choices import (
    MAX_SIZE,
    MAX_STEPS,
    DType,
    Method,
    PreserveColor,
    TransferEngine,
    Transform,
)

AlphaOption = Annotated[
    str,
    typer.Option(
        help="Style strength, 0 to 1; or by level, e.g. relu4_1=0.8,relu1_1=0.5; levels not named have 1.",
        rich_help_panel="Style",
    ),
]
LevelsOption = Annotated[
    str | None,
    typer.Option(
        help="Levels to transform, from relu4_1 (shapes, large strokes) to relu1_1 (color), e.g. relu2_1,relu1_1.",
        show_default="all",
        rich_help_panel="Style",
    ),
]
SizeOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_SIZE,
        help="Longer side of the result, in pixels.",
        show_default="the content's size",
        rich_help_panel="Size",
    ),
]
StyleSizeOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MAX_SIZE,
        help="Longer side at which styles are analysed, in pixels; smaller gives finer strokes.",
        show_default="the style's size, at most the content's",
        rich_help_panel="Size",
    ),
]
StyleScaleOption = Annotated[
    float,
    typer.Option(min=0.01, max=10, help="Scale factor for the style's resolution.", rich_help_panel="Size"),
]
ColorsOption = Annotated[
    PreserveColor,
    typer.Option(
        "--preserve-color",
        help="Keep the content's colors: luma transfers only luminance, match recolors the style first.",
        rich_help_panel="Color",
    ),
]
DetailOption = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Share of the content's fine luminance to add back, 0 to 1.", rich_help_panel="Style"
    ),
]
StrokesOption = Annotated[
    str,
    typer.Option(
        help="Size of the marks: fine, bold (stylize at half size first), or that reduction as a number, 1 to 8.",
        rich_help_panel="Style",
    ),
]
SeedFlatsOption = Annotated[
    bool,
    typer.Option(
        "--seed-flats/--no-seed-flats",
        help="Add faint noise to flat areas, from which the style's texture is made.",
        rich_help_panel="Style",
    ),
]
RefineOption = Annotated[
    int,
    typer.Option(
        min=0,
        max=MAX_STEPS,
        help="Refine the result by this many steps of optimization; needs --refine-with.",
        rich_help_panel="Style",
    ),
]
RefineWithOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|vgg19",
        help="VGG-19 for the loss of --refine: a .safetensors file, or vgg19, which is downloaded once.",
        show_default=False,
        rich_help_panel="Style",
    ),
]
TransformOption = Annotated[
    Transform,
    typer.Option(
        help="Feature transform: transport (optimal transport), wct (whitening and coloring) or adain (by channel).",
        rich_help_panel="Style",
    ),
]
MethodOption = Annotated[Method, typer.Option(help="Algorithm for matrix square roots.", rich_help_panel="Machine")]
TileOption = Annotated[
    str,
    typer.Option(
        help="Tile side in pixels; auto tiles only above the memory limit, 0 disables tiling.",
        rich_help_panel="Machine",
    ),
]
MaxMemoryOption = Annotated[
    str, typer.Option(help="Memory limit, e.g. 2G; larger pictures are tiled.", rich_help_panel="Machine")
]
MetadataOption = Annotated[
    Literal["keep", "strip"],
    typer.Option(
        help="Keep or strip EXIF, XMP, the color profile, and the settings for styler replay.",
        rich_help_panel="Output",
    ),
]
MaxPixelsOption = Annotated[
    int, typer.Option(min=1, help="Refuse pictures with more pixels.", rich_help_panel="Machine")
]
PageOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Frame or page of the photograph, counted from 1.",
        show_default="the first",
        rich_help_panel="Input",
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Also print seconds by stage, strengths and matrix roots.", rich_help_panel="Output"
    ),
]
DeviceOption = Annotated[
    str, typer.Option("--device", help="Device: auto, cpu, cuda, cuda:N or mps.", rich_help_panel="Machine")
]
DTypeOption = Annotated[DType, typer.Option("--dtype", help="Precision of the networks.", rich_help_panel="Machine")]
EngineOption = Annotated[
    TransferEngine,
    typer.Option(
        "--engine",
        help="What computes: torch, or onnx, which needs no torch; auto chooses the faster one where that is known.",
        rich_help_panel="Machine",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="Name of a shipped model, or a .safetensors file; auto chooses by device.",
        rich_help_panel="Machine",
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace the output file if it exists.", rich_help_panel="Output")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel="Output")]
RowsAsJsonOption = Annotated[
    bool, typer.Option("--json", help="Print one line of JSON per row.", rich_help_panel="Output")
]
WeightsOption = Annotated[
    str | None,
    typer.Option(help="Weights of several styles, e.g. 0.7,0.3.", show_default="equal", rich_help_panel="Style"),
]
MaskOption = Annotated[
    list[Path] | None,
    typer.Option(help="Mask picture; white areas get the matching --style. Repeatable.", rich_help_panel="Style"),
]
MaskStyleOption = Annotated[
    list[Path] | None,
    typer.Option(help="Style for the matching --mask, in the same order. Repeatable.", rich_help_panel="Style"),
]
KeepOption = Annotated[
    Path | None, typer.Option(help="Mask picture; white areas stay unchanged.", rich_help_panel="Style")
]
PeersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--peer",
        metavar="NAME=COMMAND",
        help="Command of another tool, with {content}, {style} and {out}. Repeatable.",
        rich_help_panel="Measurement",
    ),
]
