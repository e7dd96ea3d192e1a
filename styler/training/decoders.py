"""Training of decoders, from photographs and paintings into a model file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from styler.choices import LEVELS, Level
from styler.errors import StylerError
from styler.model.teacher import load_teacher
from styler.model.weights import load_model, save_model
from styler.training.data import RandomCrops, augmentation, evenly_spaced, load_squares, split_held_out
from styler.training.decoding import DecoderTask
from styler.training.encoders import MEASURED_SIZE, NUM_MEASURED
from styler.training.end_to_end import EndToEndTask
from styler.training.loop import Progress, train
from styler.training.run_record import write_record
from styler.training.settings import Settings

SETTINGS = Settings(num_steps=2500, learning_rate=7e-4)
"""At a rate of 2e-3 two thirds of the channels after relu4_1 died: all inputs are positive, so steps add up."""

END_TO_END = Settings(num_steps=2500, batch_size=4, learning_rate=5e-4)
"""A smaller batch than above: each pair takes a whole cascade and three passes of the teacher."""


def train_decoders(
    photos: Sequence[Path],
    paintings: Sequence[Path],
    file: Path,
    *,
    levels: Sequence[Level] = LEVELS,
    skipped: Level | None = None,
    teacher: str | None = None,
    settings: Settings,
    device: torch.device,
    resume: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> dict:
    """Train the decoders of `levels` for the model in `file`, write them into it, and return the record.

    With a teacher (see `load_teacher`) they and the encoder are trained end to end; with `settings.antialiased` the
    networks then halve and double the resolution without aliasing. The decoder of the `skipped` level is dropped from
    the model, whose cascade then goes without it. The checkpoint (`.decoder.ckpt`), the sample sheet (`.decoder.png`)
    and the record (`.decoder.json`) are written beside the file. In end-to-end training their names have `.cascade`
    instead, and with a single level `.decoder.relu3_1`.

    Raises:
        StylerError: If an input can't be read, or a file can't be written.
    """
    if not file.is_file():  # a shipped model's name is refused too, because the file is changed
        raise StylerError(f"no model file {file}", "train an encoder first: styler train encoder --help")
    model = load_model(file)
    levels = [x for x in levels if x != skipped]
    if skipped is not None:
        model.decoders.pop(skipped, None)
    model.antialiased = model.antialiased or settings.antialiased
    name = "cascade" if teacher else "decoder" if len(levels) > 1 else f"decoder.{levels[0]}"
    training, held_out = split_held_out(photos)
    training_paintings, held_out_paintings = split_held_out(paintings)

    def squares(paths: Sequence[Path]) -> Tensor:
        return load_squares(evenly_spaced(paths, NUM_MEASURED), min(MEASURED_SIZE, settings.crop_size)).to(device)

    measured, measured_paintings = squares(held_out), squares(held_out_paintings)
    torch.manual_seed(settings.seed)
    samples = {"photos": measured, "paintings": measured_paintings, "sheet": file.with_suffix(f".{name}.png")}
    if teacher:
        known = torch.cat([squares(training), squares(training_paintings)])
        task = EndToEndTask(
            model, load_teacher(teacher), known, levels=levels, content_weight=settings.content_weight, **samples
        )
    else:
        task = DecoderTask(model, levels, **samples)
    crops = RandomCrops(
        (training, augmentation(settings.crop_size, scale=(0.3, 1.0))),
        (training_paintings, augmentation(settings.crop_size, scale=(0.1, 1.0))),
        num_items=settings.num_steps * settings.batch_size,
        seed=settings.seed,
    )
    checkpoint = file.with_suffix(f".{name}.ckpt")
    seconds = train(task, crops, settings=settings, checkpoint=checkpoint, resume=resume, report=report)
    held_out_losses = task.measure(measured)
    save_model(model, file)
    return write_record(
        file.with_suffix(f".{name}.json"),
        settings=settings,
        data={
            "photos": len(training),
            "photos held out": len(held_out),
            "paintings": len(training_paintings),
            "paintings held out": len(held_out_paintings),
        },
        held_out=held_out_losses,
        seconds=seconds,
        levels=list(levels),
        teacher=Path(teacher).name if teacher else None,
    )
