"""`Picture`: what goes between the parts of styler, with its samples, alpha, depth, color profile and metadata."""

import io
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styler.choices import MAX_PIXELS, Depth
from styler.images.interchange import array_samples, tensor_samples
from styler.images.loading import File, is_file, read_file
from styler.images.metadata import Metadata, read_metadata
from styler.images.own_samples import OwnSamples
from styler.images.pil_pictures import pil_fields, vips_of_pil
from styler.images.pixels import pil_picture, quantized, resize, resize_to, tensor_of_planes, to_float
from styler.images.saving import save_image
from styler.images.sizes import resized_size
from styler.images.unpacking import Unpacked, unpack


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, upright and in sRGB, with what its file says besides.

    Attributes:
        samples: `(B, 3, H, W)`, B = 1 from a file: uint8 or uint16 at full scale, or float32 in [0, 1]. They stay as
            the file has them, since as floats a photograph is four times as large; torch knows little more than
            indexing and conversion of uint16, and `image` converts any of them. A grey picture may be one plane,
            expanded: do not write to it.
        alpha: `(1, 1, H, W)`, on the same scales; None if opaque.
        depth: Bits per channel of the file that it is written to.
        metadata: EXIF, XMP, the file's own color profile, and the settings that made the picture.
        source: The file that it was read from.
        page: Which frame or page of it, counted from 1; None for the first or only one.
        own: Samples in the file's own profile that `save` puts where the content was kept, if sRGB lacks its colors.
    """

    samples: Tensor
    alpha: Tensor | None = None
    depth: Depth = 8
    metadata: Metadata = field(default_factory=Metadata)
    source: Path | None = None
    page: int | None = None
    own: OwnSamples | None = field(default=None, repr=False)

    @classmethod
    def open(cls, source: File | bytes, *, max_pixels: int = MAX_PIXELS, page: int | None = None) -> Self:
        """Return the picture in a file, a binary stream or bytes.

        Safe in several threads at once. 16 bits a channel stay 16 in PNG, TIFF and AVIF files.

        Args:
            source: A path, a stream, which is read to its end, or the bytes of a file.
            max_pixels: Limit for a PNG or JPEG; fewer for files that take more memory to decode.
            page: Frame or page, counted from 1; by default the first, with a `StylerWarning` if there are others.
                Pages of a TIFF that are smaller copies of others are not counted.

        Raises:
            StylerError: If it is missing, empty, damaged, of a format that is not read, has no such page, or has
                too many pixels (known from its header, before it is decoded).
        """
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        found = read_file(stream, max_pixels=max_pixels, page=page)
        path = Path(source) if isinstance(source, str | os.PathLike) else None
        return cls._unpacked(found, path, page)

    @classmethod
    def of(cls, source: "AnyPicture") -> Self:
        """Return a PIL picture, an array or a tensor as a `Picture`; a `Picture` is returned as it is, a file opened.

        Args:
            source: Arrays are `(H, W)` or `(H, W, C)` with C = 1, 3, or 2 and 4 with alpha; tensors are
                `(3, H, W)` or `(B, 3, H, W)`. Integers are full scale, floats in [0, 1].

        Raises:
            StylerError: If a file can't be read.
            ValueError: If an array or a tensor has another shape, type or range.
        """
        match source:
            case Picture():
                return cls(
                    source.samples, source.alpha, source.depth, source.metadata, source.source, source.page, source.own
                )
            case Tensor():
                return cls(tensor_samples(source), depth=16 if source.dtype == torch.uint16 else 8)
            case np.ndarray():
                return cls(
                    *array_samples(source), depth=16 if source.dtype.itemsize == 2 and source.dtype.kind == "u" else 8
                )
            case Image.Image():
                metadata, orientation = read_metadata(pil_fields(source))
                return cls._unpacked(unpack(vips_of_pil(source), metadata, orientation))
            case bytes():
                return cls.open(source)
            case _ if is_file(source):
                return cls.open(source)
        what = type(source).__name__
        raise ValueError(f"expected a Picture, a path, a stream, a PIL picture, an array or a tensor, got {what}")

    @classmethod
    def _unpacked(cls, found: Unpacked, path: Path | None = None, page: int | None = None) -> Self:
        alpha = None if found.alpha is None else torch.from_numpy(found.alpha)[None]
        depth: Depth = 8 if found.samples.dtype == np.uint8 else 16
        return cls(tensor_of_planes(found.samples), alpha, depth, found.metadata, path, page)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, in pixels."""
        return self.samples.shape[-2], self.samples.shape[-1]

    @property
    def image(self) -> Tensor:
        """The colors as the networks take them, `(B, 3, H, W)`, contiguous float32 in [0, 1]; computed at each call."""
        return to_float(self.samples).contiguous()

    @property
    def profile(self) -> bytes | None:
        """The file's own ICC profile, though the samples are in sRGB; `save` converts back to it."""
        return self.metadata.icc

    def resized(self, size: int) -> Self:
        """Return the picture with its longer side `size` pixels long, antialiased.

        Raises:
            StylerError: If it would be enlarged beyond `MAX_PIXELS`.
            ValueError: If the size is not a whole number from 1.
        """
        return self if resized_size(*self.size, size) == self.size else self.with_samples(resize(self.samples, size))

    def with_samples(self, samples: Tensor, *, settings: str | None = None) -> Self:
        """Return this picture with other samples, of any size: alpha follows, depth and metadata stay, `source` goes.

        Args:
            samples: As `samples`.
            settings: The record of what made them, see `styler.transfer.record`.
        """
        alpha = None if self.alpha is None else resize_to(self.alpha, (samples.shape[-2], samples.shape[-1]))
        metadata = replace(self.metadata, settings=settings)
        return replace(self, samples=samples, alpha=alpha, metadata=metadata, source=None, own=None)

    def save(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        format: str | None = None,
        overwrite: bool = False,
        metadata: Literal["keep", "strip"] = "keep",
        depth: Depth | None = None,
    ) -> bool:
        """Write the picture, whole or not at all, and return whether its alpha was written too.

        Args:
            target: A path, or a binary stream.
            format: png, jpg, webp or tif; from the path's extension if None. JPEG has no alpha: there the picture is
                laid on white.
            overwrite: Whether an existing file is replaced.
            metadata: "keep" writes EXIF, XMP and settings, and converts back to the own color profile; "strip" writes
                none of them, in sRGB.
            depth: Bits per channel of PNG and TIFF; by default those of the picture. Other formats have 8.

        Raises:
            StylerError: If the file exists or cannot be written, or samples are not numbers.
            ValueError: If a stream comes without `format`, or there are several pictures.
        """
        kept = self.metadata if metadata == "keep" else None
        how = {"format": format, "overwrite": overwrite, "depth": depth or self.depth}
        return save_image(self._single(), target, alpha=self.alpha, metadata=kept, own=self.own, **how)

    def pil(self) -> Image.Image:
        """Return it as a PIL picture, 8-bit RGB, or RGBA with alpha."""
        return pil_picture(self._single(), self.alpha)

    def array(self, dtype: np.dtype | type | str | None = None) -> np.ndarray:
        """Return it as an array `(H, W, 3)`, or 4 with alpha: integers at full scale or floats in [0, 1].

        Args:
            dtype: uint8, uint16 or a float type; by default uint8 or uint16, by `depth`.
        """
        wanted = np.dtype(f"uint{self.depth}" if dtype is None else dtype)
        if wanted.kind != "f" and wanted.newbyteorder("=") not in (np.uint8, np.uint16):
            raise ValueError(f"expected uint8, uint16 or a float type, got {wanted}")
        exact = torch.float32 if wanted.kind == "f" else torch.uint8 if wanted == np.uint8 else torch.uint16
        planes = [converted(x, exact).cpu()[0] for x in (self._single(), self.alpha) if x is not None]
        return np.concatenate([plane.movedim(0, -1).numpy() for plane in planes], axis=-1).astype(wanted)

    def tensor(self, dtype: torch.dtype = torch.float32, *, device: torch.device | str | None = None) -> Tensor:
        """Return the colors as a tensor `(B, 3, H, W)`: floats in [0, 1], or uint8 or uint16 at full scale."""
        if not dtype.is_floating_point and dtype not in (torch.uint8, torch.uint16):
            raise ValueError(f"expected torch.uint8, torch.uint16 or a float type, got {dtype}")
        return converted(self.samples, dtype).to(device or self.samples.device, dtype)

    def _single(self) -> Tensor:
        if len(self.samples) != 1:
            raise ValueError(f"expected one picture, got samples {tuple(self.samples.shape)}")
        return self.samples


AnyPicture = Picture | File | bytes | Image.Image | np.ndarray | Tensor
"""Whatever is a picture; see `Picture.of`."""


def converted(samples: Tensor, dtype: torch.dtype) -> Tensor:
    """Return samples as floats in [0, 1] if `dtype` is one, else as integers of it at full scale."""
    return to_float(samples) if dtype.is_floating_point else quantized(samples, dtype)
