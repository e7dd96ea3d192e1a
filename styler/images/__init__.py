"""Picture files in and out. Images are RGB in [0, 1], sRGB, `(B, 3, H, W)`; alpha is `(1, 1, H, W)`."""

from styler.images.encoding import check_size
from styler.images.loading import image_size
from styler.images.picture import AnyPicture, Picture
from styler.images.saving import writable_format

__all__ = ["AnyPicture", "Picture", "check_size", "image_size", "writable_format"]
