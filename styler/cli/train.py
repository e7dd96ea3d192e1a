"""`styler train encoder`, `styler train decoder` and `styler train widen`."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.choices import LEVELS
from styler.cli.console import stderr
from styler.cli.options import DeviceOption

app = typer.Typer(no_args_is_help=True, help="Train a model of your own: first its encoder, then its decoders.")

Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Optimizer steps.")]
Batch = Annotated[int | None, typer.Option("--batch", min=1, help="Pictures a step.")]
Crop = Annotated[int | None, typer.Option("--crop", min=32, help="Side of the training crops, in pixels.")]
Rate = Annotated[float | None, typer.Option("--rate", min=0, help="Highest learning rate.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything that is random.")]
DecoderLevel = Literal["relu4_1", "relu3_1", "relu2_1", "relu1_1", "all"]
EndToEnd = Annotated[
    str | None,
    typer.Option(
        metavar="TEACHER",
        help="Train them and the encoder on as one cascade, by the eye of this teacher: .safetensors, or vgg19.",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, with the same settings.")]
Photos = Annotated[Path, typer.Argument(help="Folder of photographs, searched through.", show_default=False)]


@app.command()
def encoder(
    photos: Photos,
    teacher: Annotated[str, typer.Option(help="VGG-19 weights as safetensors, or vgg19 to download torchvision's.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The model file to write.")],
    size: Annotated[Literal["small", "base"], typer.Option(help="A quarter or a half of VGG-19's channels.")] = "small",
    steps: Steps = None,
    batch: Batch = None,
    crop: Crop = None,
    rate: Rate = None,
    seed: Seed = 0,
    device: DeviceOption = "auto",
    resume: Resume = False,
) -> None:
    """Distil a small encoder from a large one that has seen more, the teacher, and learn to decode its features."""
    from styler.cli.training_progress import readable_pictures, training_progress
    from styler.model.device import find_device
    from styler.training.encoders import SETTINGS, train_encoder

    settings = SETTINGS.changed(num_steps=steps, batch_size=batch, crop_size=crop, learning_rate=rate, seed=seed)
    found = readable_pictures(photos)
    with training_progress("encoder") as report, told_how_to_resume():
        record = train_encoder(
            found,
            out,
            teacher=teacher,
            size=size,
            settings=settings,
            device=find_device(device),
            resume=resume,
            report=report,
        )
    found = ", ".join(f"{name} {value:.3f}" for name, value in record["held_out"].items())
    stderr.print(f"wrote {out}; on held-out photographs (share of the teacher left unexplained, then dB): {found}")
    stderr.print(f"next: styler train decoder PHOTOS PAINTINGS --model {out}")


@app.command()
def decoder(
    photos: Photos,
    paintings: Annotated[Path, typer.Argument(help="Folder of paintings, searched through.", show_default=False)],
    model: Annotated[Path, typer.Option("--model", "-m", help="The model file; the decoders are put into it.")],
    level: Annotated[DecoderLevel, typer.Option(help="Which decoder to train.")] = "all",
    end_to_end: EndToEnd = None,
    steps: Steps = None,
    batch: Batch = None,
    crop: Crop = None,
    rate: Rate = None,
    seed: Seed = 0,
    device: DeviceOption = "auto",
    resume: Resume = False,
) -> None:
    """Train the decoders of a model on, on photographs in the styles of paintings."""
    from styler.cli.training_progress import readable_pictures, training_progress
    from styler.model.device import find_device
    from styler.training.decoders import END_TO_END, SETTINGS, train_decoders

    if end_to_end and level != "all":
        raise typer.BadParameter("--end-to-end trains all levels: leave --level out")
    defaults = END_TO_END if end_to_end else SETTINGS
    settings = defaults.changed(num_steps=steps, batch_size=batch, crop_size=crop, learning_rate=rate, seed=seed)
    found_photos, found_paintings = readable_pictures(photos), readable_pictures(paintings)
    with training_progress("decoder") as report, told_how_to_resume():
        record = train_decoders(
            found_photos,
            found_paintings,
            model,
            levels=LEVELS if level == "all" else [level],
            teacher=end_to_end,
            settings=settings,
            device=find_device(device),
            resume=resume,
            report=report,
        )
    errors = ", ".join(f"{name} {value:.1f} dB" for name, value in record["held_out"].items())
    stderr.print(f"wrote {model}; reconstruction of held-out photographs: {errors}", highlight=False)
    stderr.print(f"next: styler transfer PHOTO PAINTING --model {model}", highlight=False)


@app.command()
def widen(
    model: Annotated[str, typer.Argument(help="A shipped model's name, or a .safetensors file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The model file to write.")],
    seed: Seed = 0,
) -> None:
    """Write a model of twice the channels that draws what this one draws, to be trained on."""
    from styler.errors import StylerError
    from styler.model.weights import load_model, save_model
    from styler.training.widening import widened

    if out.exists():
        raise StylerError(f"{out} exists already", "choose another -o, or delete it first")
    save_model(widened(load_model(model), seed=seed), out)
    stderr.print(f"wrote {out}")
    stderr.print(f"next: styler train decoder PHOTOS PAINTINGS --model {out} --end-to-end TEACHER", highlight=False)


@contextlib.contextmanager
def told_how_to_resume() -> Generator[None]:
    """Say how to go on after an interrupt."""
    try:
        yield
    except KeyboardInterrupt:
        stderr.print("saved; go on with the same command and --resume")
        raise
