"""Options and arguments of the training commands."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.choices import CROP_MULTIPLE, Level

Steps = Annotated[
    int | None, typer.Option("--steps", min=1, help="Number of optimizer steps.", rich_help_panel="Training")
]
Batch = Annotated[int | None, typer.Option("--batch", min=1, help="Batch size.", rich_help_panel="Training")]


def checked_crop(size: int | None) -> int | None:
    """Return the side of the crops, or raise a usage error that names the sides beside it."""
    if size is not None and size % CROP_MULTIPLE:
        lower = size // CROP_MULTIPLE * CROP_MULTIPLE
        raise typer.BadParameter(f"{size} is not a multiple of {CROP_MULTIPLE}: use {lower} or {lower + CROP_MULTIPLE}")
    return size


Crop = Annotated[
    int | None,
    typer.Option(
        "--crop",
        min=32,
        callback=checked_crop,
        help=f"Side of the training crops, in pixels: a multiple of {CROP_MULTIPLE}.",
        rich_help_panel="Training",
    ),
]
Rate = Annotated[float | None, typer.Option("--rate", min=0, help="Peak learning rate.", rich_help_panel="Training")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Random seed.", rich_help_panel="Training")]
DecoderLevel = Literal["relu4_1", "relu3_1", "relu2_1", "relu1_1", "all"]
Skip = Annotated[
    Level | None,
    typer.Option(
        help="Drop the decoder of this level: the model's cascade goes without it.",
        show_default=False,
        rich_help_panel="Training",
    ),
]
EndToEnd = Annotated[
    str | None,
    typer.Option(
        metavar="TEACHER",
        help="Train encoder and decoders together, with a loss on this teacher's features: .safetensors, or vgg19. "
        "With --level, the cascade of that level alone.",
        rich_help_panel="Training",
    ),
]
AntiAliased = Annotated[
    bool,
    typer.Option(
        "--antialiased",
        help="Make the networks of --end-to-end anti-aliased: steady under small shifts, without a grid.",
        rich_help_panel="Training",
    ),
]
ContentWeight = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Weight of the content in the loss of --end-to-end, beside 1 for the style.",
        show_default="0.2",
        rich_help_panel="Training",
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Continue from the checkpoint, with the same settings.", rich_help_panel="Training"),
]
Photos = Annotated[Path, typer.Argument(help="Folder of photographs; subfolders are searched.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", help="Output model file.", rich_help_panel="Output")]
Paintings = Annotated[Path, typer.Argument(help="Folder of paintings; subfolders are searched.", show_default=False)]
StartModel = Annotated[str, typer.Argument(help="Name of a shipped model, or a .safetensors file.", show_default=False)]
