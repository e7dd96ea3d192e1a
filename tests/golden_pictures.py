"""Tiny pictures by the shipped models, which hold their look: `python tests/golden_pictures.py` draws them anew.

Draw them anew only together with a new model or a change that is meant to change pictures, and look at them.
"""

from itertools import product
from pathlib import Path

from styler.images import Picture
from styler.transfer.stylizer import Stylizer

FOLDER = Path(__file__).with_name("golden")
ASSETS = Path(__file__).parents[1] / "assets"
PAIRS = {"transport": ("cat", "woodcut"), "wct": ("rocket", "night"), "adain": ("coffee", "poppies")}
NAMES = [f"{model}-{transform}" for model, transform in product(("small", "base"), PAIRS)]


def golden_picture(name: str) -> Picture:
    """Return the picture of this name as it comes out now, in float32 on the processor."""
    model, _, transform = name.partition("-")
    content, style = (ASSETS / f"{stem}.jpg" for stem in PAIRS[transform])
    stylizer = Stylizer(model, device="cpu", dtype="float32")
    return stylizer.stylize(content, style, size=96, style_size=128, transform=transform)


if __name__ == "__main__":
    for name in NAMES:
        golden_picture(name).save(FOLDER / f"{name}.png", overwrite=True, metadata="strip")
