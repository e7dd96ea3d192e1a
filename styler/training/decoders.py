"""Training of decoders, from folders of photographs and paintings into a model file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from styler.choices import LEVELS, Level
from styler.errors import StylerError
from styler.model.weights import load_model, save_model
from styler.training.data import RandomCrops, augmentation, load_squares, split_held_out, spread
from styler.training.decoding import Decoding
from styler.training.encoders import NUM_MEASURED
from styler.training.end_to_end import EndToEnd
from styler.training.loop import Progress, train
from styler.training.run_record import write_record
from styler.training.settings import Settings
from styler.training.teacher import load_teacher

SETTINGS = Settings(num_steps=2500, learning_rate=7e-4)
"""At 2e-3 two thirds of the channels behind relu4_1 died: all inputs are positive, so steps add up."""

END_TO_END = Settings(num_steps=2500, batch_size=4, learning_rate=5e-4)
"""Half the pictures a step: each goes through the cascade, and three through the teacher."""


def train_decoders(
    photos: Sequence[Path],
    paintings: Sequence[Path],
    file: Path,
    *,
    levels: Sequence[Level] = LEVELS,
    teacher: str | None = None,
    settings: Settings,
    device: torch.device,
    resume: bool = False,
    report: Callable[[Progress], None] = lambda progress: None,
) -> dict:
    """Train the decoders of `levels` for the model in `file`, put them there, return the record.

    With a teacher (see `load_teacher`) they and the encoder are trained end to end. Beside the file lie the checkpoint
    (`.decoder.ckpt`), the sample sheet (`.decoder.png`) and the record (`.decoder.json`); end to end they are
    called `.cascade`, and with a single level its name stands before the ending.

    Raises:
        StylerError: If model, pictures or disk fail.
    """
    if not file.is_file():  # nor is a shipped model's name one: results are put into the file
        raise StylerError(f"no model file {file}", "train an encoder first: styler train encoder --help")
    model = load_model(file)
    name = "cascade" if teacher else "decoder" if len(levels) > 1 else f"decoder.{levels[0]}"
    learnt, held_out = split_held_out(photos)
    learnt_paintings, held_out_paintings = split_held_out(paintings)

    def squares(paths: Sequence[Path]) -> Tensor:
        return load_squares(spread(paths, NUM_MEASURED), settings.crop_size).to(device)

    unseen, unseen_paintings = squares(held_out), squares(held_out_paintings)
    torch.manual_seed(settings.seed)
    shown = {"photos": unseen, "paintings": unseen_paintings, "sheet": file.with_suffix(f".{name}.png")}
    if teacher:
        seen = torch.cat([squares(learnt), squares(learnt_paintings)])
        task = EndToEnd(model, load_teacher(teacher), seen, **shown)
    else:
        task = Decoding(model, levels, **shown)
    crops = RandomCrops(
        (learnt, augmentation(settings.crop_size, scale=(0.3, 1.0))),
        (learnt_paintings, augmentation(settings.crop_size, scale=(0.1, 1.0))),
        num_items=settings.num_steps * settings.batch_size,
        seed=settings.seed,
    )
    checkpoint = file.with_suffix(f".{name}.ckpt")
    seconds = train(task, crops, settings=settings, checkpoint=checkpoint, resume=resume, report=report)
    held_out_losses = task.measure(unseen)
    save_model(model, file)
    return write_record(
        file.with_suffix(f".{name}.json"),
        settings=settings,
        data={
            "photos": len(learnt),
            "photos held out": len(held_out),
            "paintings": len(learnt_paintings),
            "paintings held out": len(held_out_paintings),
        },
        held_out=held_out_losses,
        seconds=seconds,
        levels=list(levels),
        teacher=Path(teacher).name if teacher else None,
    )
