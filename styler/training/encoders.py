"""Training of an encoder, from photographs to a model file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from styler.choices import ModelSize
from styler.errors import StylerError
from styler.model.teacher import load_teacher
from styler.model.weights import save_model
from styler.training.data import RandomCrops, augmentation, evenly_spaced, load_squares, split_held_out
from styler.training.distillation import DistillationTask
from styler.training.loop import Progress, train
from styler.training.run_record import write_record
from styler.training.settings import Settings
from styler.training.student import student_model

WIDTHS: dict[ModelSize, tuple[int, ...]] = {"small": (16, 32, 64, 128), "base": (32, 64, 128, 256)}
"""A quarter and a half of VGG-19's channels."""

SETTINGS = Settings(num_steps=7000)

NUM_MEASURED = 32
"""Pictures for the principal directions, mean activations and held-out losses: 0.3 million positions at relu2_1."""

MEASURED_SIZE = 256
"""Their side in pixels, unless crops are smaller: with the teacher's features, all of them are in memory at once."""


def train_encoder(
    photos: Sequence[Path],
    out: Path,
    *,
    teacher: str,
    settings: Settings,
    device: torch.device,
    size: ModelSize = "small",
    resume: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> dict:
    """Distil an encoder from `teacher` (see `load_teacher`), write the model to `out`, and return the record.

    The checkpoint (`.encoder.ckpt`), the sample sheet (`.encoder.png`) and the record (`.encoder.json`) are written
    beside `out`.

    Raises:
        StylerError: If `out` exists without `resume`, an input can't be read, or a file can't be written.
    """
    check_out(out, resume=resume)
    training, held_out = split_held_out(photos)
    known, measured = (
        load_squares(evenly_spaced(paths, NUM_MEASURED), min(MEASURED_SIZE, settings.crop_size)).to(device)
        for paths in (training, held_out)
    )
    torch.manual_seed(settings.seed)
    task = DistillationTask(
        load_teacher(teacher),
        known,
        widths=WIDTHS[size],
        freeze_norm_after=settings.num_steps // 2,
        sheet=out.with_suffix(".encoder.png"),
    )
    crops = RandomCrops(
        (training, augmentation(settings.crop_size, scale=(0.3, 1.0))),
        num_items=settings.num_steps * settings.batch_size,
        seed=settings.seed,
    )
    checkpoint = out.with_suffix(".encoder.ckpt")
    seconds = train(task, crops, settings=settings, checkpoint=checkpoint, resume=resume, report=report)
    save_model(student_model(task.trained, known).to(torch.device("cpu")), out)
    return write_record(
        out.with_suffix(".encoder.json"),
        settings=settings,
        data={"photos": len(training), "held out": len(held_out)},
        held_out=task.measure(measured),
        seconds=seconds,
        teacher=Path(teacher).name,
        widths=WIDTHS[size],
    )


def check_out(out: Path, *, resume: bool = False) -> None:
    """Raise a StylerError, before the work, if the model file `out` exists (without `resume`) or its folder doesn't."""
    if out.exists() and not resume:
        raise StylerError(f"{out} exists already", "choose another name with -o, or delete it")
    if not out.parent.is_dir():
        raise StylerError(f"no such folder: {out.parent}", f"create it first: mkdir -p {out.parent}")
