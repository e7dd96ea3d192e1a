"""The record of a training: settings, data, results and versions, to compare models and to repeat a training."""

import json
import platform
from dataclasses import asdict
from pathlib import Path

import torch
import torchvision

import styler
from styler.files import atomic_file
from styler.training.settings import Settings


def write_record(
    path: Path, *, settings: Settings, data: dict[str, int], held_out: dict[str, float], seconds: float, **more: object
) -> dict:
    """Write and return the record.

    Args:
        path: JSON file.
        settings: Settings of the training.
        data: Numbers of pictures.
        held_out: Losses on the held-out pictures.
        seconds: Duration of the training.
        more: Further entries.
    """
    record = {
        "settings": asdict(settings),
        "data": data,
        "held_out": {name: round(value, 5) for name, value in held_out.items()},
        "seconds": round(seconds, 1),
        "versions": {
            "styler": styler.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
        **more,
    }
    with atomic_file(path, overwrite=True) as file:
        file.write((json.dumps(record, indent=2) + "\n").encode())
    return record
