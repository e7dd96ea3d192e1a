"""`styler train encoder`, `decoder`, `widen` and `narrow`."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from styler.choices import LEVELS, ModelSize
from styler.cli.console import stderr
from styler.cli.help_pages import HelpGroup, HelpPage, examples, make_app
from styler.cli.option_values import parse_counts
from styler.cli.options import DeviceOption
from styler.cli.train_options import (
    AntiAliased,
    Batch,
    ContentWeight,
    Crop,
    DecoderLevel,
    EndToEnd,
    Out,
    Paintings,
    Photos,
    Rate,
    Resume,
    Seed,
    Skip,
    StartModel,
    Steps,
)

if TYPE_CHECKING:
    import torch

ENCODER_EXAMPLES = examples(
    "styler train encoder photos --teacher vgg19 --out mine.safetensors",
    "styler train encoder photos --teacher vgg19 --out mine.safetensors --resume",
)
DECODER_EXAMPLES = examples(
    "styler train decoder photos paintings --model mine.safetensors",
    "styler train decoder photos paintings --model mine.safetensors --end-to-end vgg19",
)
WIDEN_EXAMPLES = examples(
    "styler train widen small --out wide.safetensors",
    "styler train widen mine.safetensors --out wide.safetensors --seed 1",
)
NARROW_EXAMPLES = examples(
    "styler train narrow photos paintings base --teacher vgg.safetensors --decoder d.safetensors -o my.safetensors",
    "styler train narrow photos paintings small --teacher vgg.safetensors --decoder d.safetensors -o my.safetensors",
)

app = make_app(
    cls=HelpGroup,
    no_args_is_help=True,
    help="Train a model: first its encoder, then its decoders.",
    epilog=examples(*(text.splitlines()[0] for text in (ENCODER_EXAMPLES, DECODER_EXAMPLES))),
)


@app.command(cls=HelpPage, epilog=ENCODER_EXAMPLES)
def encoder(
    photos: Photos,
    teacher: Annotated[
        str,
        typer.Option(
            help="VGG-19 weights as .safetensors, or vgg19 to download torchvision's.", rich_help_panel="Training"
        ),
    ],
    out: Out,
    size: Annotated[
        ModelSize,
        typer.Option(
            help="Model size: small has a quarter, base half of VGG-19's channels.", rich_help_panel="Training"
        ),
    ] = "small",
    steps: Steps = None,
    batch: Batch = None,
    crop: Crop = None,
    rate: Rate = None,
    seed: Seed = 0,
    device: DeviceOption = "auto",
    resume: Resume = False,
) -> None:
    """Distil an encoder from a larger network, the teacher, and train decoders for its features."""
    from styler.cli.training_progress import readable_pictures, training_progress
    from styler.training.encoders import SETTINGS, train_encoder

    settings = SETTINGS.changed(num_steps=steps, batch_size=batch, crop_size=crop, learning_rate=rate, seed=seed)
    found = readable_pictures(photos)
    with training_progress("encoder") as report, resume_hint():
        record = train_encoder(
            found,
            out,
            teacher=teacher,
            size=size,
            settings=settings,
            device=training_device(device),
            resume=resume,
            report=report,
        )
    found = ", ".join(f"{name} {value:.3f}" for name, value in record["held_out"].items())
    stderr.print(f"wrote {out}; held-out photographs, unexplained variance of the teacher's features and PSNR: {found}")
    stderr.print(f"next: styler train decoder PHOTOS PAINTINGS --model {out}")


@app.command(cls=HelpPage, epilog=DECODER_EXAMPLES)
def decoder(
    photos: Photos,
    paintings: Paintings,
    model: Annotated[
        Path,
        typer.Option("--model", "-m", help="Model file; the decoders are written into it.", rich_help_panel="Output"),
    ],
    level: Annotated[DecoderLevel, typer.Option(help="Decoder to train.", rich_help_panel="Training")] = "all",
    skip: Skip = None,
    end_to_end: EndToEnd = None,
    antialiased: AntiAliased = False,
    content_weight: ContentWeight = None,
    steps: Steps = None,
    batch: Batch = None,
    crop: Crop = None,
    rate: Rate = None,
    seed: Seed = 0,
    device: DeviceOption = "auto",
    resume: Resume = False,
) -> None:
    """Train the decoders of a model further, on photographs stylized with paintings."""
    from styler.cli.training_progress import readable_pictures, training_progress
    from styler.training.decoders import END_TO_END, SETTINGS, train_decoders

    if level == skip:
        raise typer.BadParameter(f"--level {level} is the one that --skip drops")
    if content_weight is not None and not end_to_end:
        raise typer.BadParameter("--content-weight is part of another loss: give a teacher with --end-to-end")
    if antialiased and not end_to_end:
        raise typer.BadParameter("--antialiased changes the encoder: give a teacher with --end-to-end")
    if antialiased and level != "all":
        raise typer.BadParameter("--antialiased changes all networks: omit --level")
    defaults = END_TO_END if end_to_end else SETTINGS
    settings = defaults.changed(
        num_steps=steps,
        batch_size=batch,
        crop_size=crop,
        learning_rate=rate,
        seed=seed,
        antialiased=antialiased,
        content_weight=content_weight,
    )
    found_photos, found_paintings = readable_pictures(photos), readable_pictures(paintings)
    with training_progress("decoder") as report, resume_hint():
        record = train_decoders(
            found_photos,
            found_paintings,
            model,
            levels=LEVELS if level == "all" else [level],
            skipped=skip,
            teacher=end_to_end,
            settings=settings,
            device=training_device(device),
            resume=resume,
            report=report,
        )
    errors = ", ".join(f"{name} {value:.1f} dB" for name, value in record["held_out"].items())
    stderr.print(f"wrote {model}; reconstruction of held-out photographs: {errors}", highlight=False)
    stderr.print(f"next: styler transfer PHOTO PAINTING --model {model}", highlight=False)


@app.command(cls=HelpPage, epilog=WIDEN_EXAMPLES)
def widen(
    model: StartModel,
    out: Out,
    seed: Seed = 0,
) -> None:
    """Write a model with twice the channels and the same results, as a start for further training."""
    from styler.errors import StylerError
    from styler.model.weights import load_model, save_model
    from styler.training.widening import widened

    if out.exists():
        raise StylerError(f"{out} exists already", "choose another -o, or delete it first")
    save_model(widened(load_model(model), seed=seed), out)
    stderr.print(f"wrote {out}")
    stderr.print(f"next: styler train decoder PHOTOS PAINTINGS --model {out} --end-to-end TEACHER", highlight=False)


@app.command(cls=HelpPage, epilog=NARROW_EXAMPLES)
def narrow(
    photos: Photos,
    paintings: Paintings,
    model: StartModel,
    teacher: Annotated[
        str, typer.Option(help="VGG-19 weights that the decoder was trained on.", rich_help_panel="Training")
    ],
    decoder: Annotated[
        Path,
        typer.Option(help="Weights of a full-width decoder of relu4_1, such as AdaIN's.", rich_help_panel="Training"),
    ],
    out: Out,
    channels: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,N,N",
            help="Channels of the four blocks, the first as in MODEL. By default 1, 3, 6 and 12 times its first.",
            show_default=False,
            rich_help_panel="Training",
        ),
    ] = None,
    pairs: Annotated[
        int | None, typer.Option(min=1, help="Pairs of crops to fit the layers to.", rich_help_panel="Training")
    ] = None,
    crop: Crop = None,
    seed: Seed = 0,
    device: DeviceOption = "auto",
) -> None:
    """Compute a model from full-width networks by least squares, as a start for further training."""
    from styler.cli.training_progress import readable_pictures
    from styler.training.narrowing import CROP, NUM_PAIRS, train_narrow

    found_photos, found_paintings = readable_pictures(photos), readable_pictures(paintings)
    train_narrow(
        found_photos,
        found_paintings,
        model,
        out,
        teacher=teacher,
        decoder=decoder,
        channels=parse_counts(channels, option="--channels") if channels else None,
        num_pairs=pairs or NUM_PAIRS,
        crop=crop or CROP,
        seed=seed,
        device=training_device(device),
        report=lambda layer, share: stderr.print(f"{layer}: unexplained variance {share:.3f}", highlight=False),
    )
    stderr.print(f"wrote {out}")
    stderr.print(f"next: styler train decoder PHOTOS PAINTINGS --model {out} --level relu2_1", highlight=False)


def training_device(name: str) -> "torch.device":
    """Return the device; on a processor, let the allocator keep freed memory: 1.66 instead of 1.90 s per step."""
    from styler.model.device import find_device
    from styler.process import keep_freed_memory

    device = find_device(name)
    if device.type == "cpu":
        keep_freed_memory()
    return device


@contextlib.contextmanager
def resume_hint() -> Generator[None]:
    """Print how to continue if the block is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        stderr.print("checkpoint saved; run the same command with --resume to continue")
        raise
