"""Draw the style pictures beside this file, the same every time: python assets/draw_styles.py [NAME...]."""

import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from studio import glass, mosaic, night, poppies, wash, woodcut

PICTURES = {
    "glass": glass.draw,
    "mosaic": mosaic.draw,
    "night": night.draw,
    "poppies": poppies.draw,
    "wash": wash.draw,
    "woodcut": woodcut.draw,
}
MAX_BYTES = 195_000


def main() -> None:
    """Draw the pictures named on the command line, or all."""
    for name in sys.argv[1:] or PICTURES:
        picture = PICTURES[name](np.random.default_rng(2017))
        Path(__file__).with_name(f"{name}.jpg").write_bytes(jpeg(halved(picture)))


def halved(picture: np.ndarray) -> Image.Image:
    """Return the picture at half its size, which is what smooths its edges."""
    pixels = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(pixels).resize((pixels.shape[1] // 2, pixels.shape[0] // 2), Image.Resampling.LANCZOS)


def jpeg(image: Image.Image) -> bytes:
    """Return the image as a JPEG of the best quality that fits in MAX_BYTES."""
    for quality in range(94, 50, -2):
        file = BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= MAX_BYTES:
            break
    return file.getvalue()


if __name__ == "__main__":
    main()
