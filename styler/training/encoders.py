"""Training of an encoder, from a folder of photographs to a model file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from styler.choices import ModelSize
from styler.errors import StylerError
from styler.model.weights import save_model
from styler.training.data import RandomCrops, augmentation, load_squares, split_held_out, spread
from styler.training.distillation import Distillation
from styler.training.loop import Progress, train
from styler.training.run_record import write_record
from styler.training.settings import Settings
from styler.training.student import finished
from styler.training.teacher import load_teacher

WIDTHS: dict[ModelSize, tuple[int, ...]] = {"small": (16, 32, 64, 128), "base": (32, 64, 128, 256)}
"""A quarter and a half of VGG-19's channels."""

SETTINGS = Settings(num_steps=7000)

NUM_MEASURED = 32
"""Pictures that directions, activations and held-out losses are measured on: 0.3 million positions at relu2_1."""


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
    """Distil an encoder from `teacher` (see `load_teacher`), write it as a model to `out`, return the record.

    Beside `out` lie the checkpoint (`.encoder.ckpt`), the sample sheet (`.encoder.png`) and the record
    (`.encoder.json`).

    Raises:
        StylerError: If `out` exists (unless resumed), or teacher, pictures or disk fail.
    """
    if out.exists() and not resume:
        raise StylerError(f"{out} exists already", "choose another -o, or delete it first")
    if not out.parent.is_dir():
        raise StylerError(f"no such folder: {out.parent}", f"make it first: mkdir -p {out.parent}")
    learnt, held_out = split_held_out(photos)
    seen, unseen = (
        load_squares(spread(paths, NUM_MEASURED), settings.crop_size).to(device) for paths in (learnt, held_out)
    )
    torch.manual_seed(settings.seed)
    task = Distillation(
        load_teacher(teacher),
        seen,
        widths=WIDTHS[size],
        num_settling=settings.num_steps // 2,
        sheet=out.with_suffix(".encoder.png"),
    )
    crops = RandomCrops(
        (learnt, augmentation(settings.crop_size, scale=(0.3, 1.0))),
        num_items=settings.num_steps * settings.batch_size,
        seed=settings.seed,
    )
    checkpoint = out.with_suffix(".encoder.ckpt")
    seconds = train(task, crops, settings=settings, checkpoint=checkpoint, resume=resume, report=report)
    save_model(finished(task.trained, seen).to(torch.device("cpu")), out)
    return write_record(
        out.with_suffix(".encoder.json"),
        settings=settings,
        data={"photos": len(learnt), "held out": len(held_out)},
        held_out=task.measure(unseen),
        seconds=seconds,
        teacher=Path(teacher).name,
        widths=WIDTHS[size],
    )
