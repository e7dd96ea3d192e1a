"""Picture files in and out. Images are RGB in [0, 1], sRGB, `(B, 3, H, W)`; alpha is `(1, 1, H, W)`."""

from importlib import import_module
from typing import TYPE_CHECKING

from styler.images.writable import writable_format

if TYPE_CHECKING:
    from styler.images.loading import image_size
    from styler.images.picture import AnyPicture, Picture
    from styler.images.sizes import resized_size

__all__ = ["AnyPicture", "Picture", "image_size", "resized_size", "writable_format"]

_HOMES = {"image_size": "loading", "AnyPicture": "picture", "Picture": "picture", "resized_size": "sizes"}


def __getattr__(name: str) -> object:
    """Import a name when it is used: whether a file can be written is known without torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'styler.images' has no attribute {name!r}")
    return getattr(import_module(f"styler.images.{_HOMES[name]}"), name)
