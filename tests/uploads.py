"""The bytes of pictures that are sent to a server."""

import io

from samples import picture

from styler.images import Picture


def png(height: int = 40, width: int = 48, *, seed: int = 0) -> bytes:
    file = io.BytesIO()
    Picture.of(picture(height, width, seed=seed)).save(file, format="png")
    return file.getvalue()
