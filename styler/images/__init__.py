"""Picture files in and out. Images are RGB in [0, 1], sRGB, `(1, 3, H, W)`; alpha is `(1, 1, H, W)`."""

from styler.images.loading import image_size, load_image
from styler.images.saving import save_image, writable_format

__all__ = ["image_size", "load_image", "save_image", "writable_format"]
