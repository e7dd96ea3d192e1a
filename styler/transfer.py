"""Style transfer as a call: anything that is a picture in, the same kind of thing out."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from styler.cascade import cascade
from styler.device import find_device, find_dtype
from styler.errors import StylerError
from styler.interchange import AnyPicture, as_image
from styler.matrix_sqrt import Method
from styler.pixels import resize
from styler.style import Style, mixed_style, style_of
from styler.trace import Trace
from styler.vgg import LEVELS, Level
from styler.weights import load_model

NUM_KEPT_STYLES = 64
"""A style of `small` takes about 90 kB."""


class Stylizer:
    """A model in memory, and the moments of the styles that it has seen last."""

    def __init__(self, model: str | Path = "auto", *, device: str = "auto", dtype: str = "auto"):
        """Load the model.

        Args:
            model: A shipped model's name, or a file; "auto" takes the one that fits the device.
            device: "auto", "cpu", "cuda", "cuda:N" or "mps".
            dtype: "auto", "float32", "bfloat16" or "float16"; moments and roots are never below float32.

        Raises:
            StylerError: If model, device or precision can't be had.
        """
        self.device = find_device(device)
        self.dtype = find_dtype(dtype, self.device)
        self.model = load_model(model).to(self.device, self.dtype)
        self.styles: OrderedDict[str, Style] = OrderedDict()

    def stylize(
        self,
        content: AnyPicture,
        style: AnyPicture | Style | Sequence[AnyPicture | Style],
        *,
        alpha: float = 1.0,
        weights: Sequence[float] | None = None,
        levels: Sequence[Level] | None = None,
        size: int | None = None,
        style_size: int | None = None,
        method: Method = "auto",
        trace: Trace | None = None,
    ) -> AnyPicture:
        """Return the content in the style: a PIL picture for a path, else what the content was.

        Args:
            content: A path, a stream, a PIL picture, an array or a tensor, see `as_image`.
            style: The same, or what `style` returned, or several of them: their mixture.
            alpha: Strength of the style, 0 to 1.
            weights: Shares of several styles, on any scale; equal by default.
            levels: Which levels to go through, always coarse to fine; all by default.
            size: Longer side to work at and of the result, in pixels; by default the content's own.
            style_size: Longer side of the styles; by default their own, but at most the content's.
            method: How matrix roots are computed, see `styler.matrix_sqrt`.
            trace: Filled with what was done, if given.

        Raises:
            StylerError: If a file can't be read, or the model has no decoder for a level.
            ValueError: If an argument is out of range.
        """
        if not 0 <= alpha <= 1:
            raise ValueError(f"expected alpha from 0 to 1, got {alpha}")
        levels = self.cascade_levels(levels)
        trace = Trace() if trace is None else trace
        with trace.stage("load"):
            image, back = as_image(content)
            image = image if size is None else resize(image, size)
        styles = list(style) if isinstance(style, list | tuple) else [style]
        with torch.no_grad():
            with trace.stage("style"):
                longest = max(image.shape[-2:])
                known = [self.style(one, size=style_size, max_size=longest) for one in styles]
                mixed = mixed_style(known, [1.0] * len(known) if weights is None else weights)
            x = cascade(
                self.model, self._on_device(image), mixed, alpha=alpha, levels=levels, method=method, trace=trace
            )
            return back(x.cpu())

    def style(self, picture: AnyPicture | Style, *, size: int | None = None, max_size: int | None = None) -> Style:
        """Return the style of a picture, remembered from the last time that it was seen.

        Args:
            picture: A path, a stream, a PIL picture, an array or a tensor; a style is returned as it is.
            size: Longer side at which the picture is looked at; by default its own, but at most `max_size`.
            max_size: See `size`.
        """
        if isinstance(picture, dict):
            return picture
        image, _ = as_image(picture)
        longest = max(image.shape[-2:])
        image = resize(image, size or min(longest, max_size or longest))
        key = hashlib.sha256(image.cpu().contiguous().numpy()).hexdigest()
        if key not in self.styles:
            with torch.no_grad():
                self.styles[key] = style_of(self.model.encoder, self._on_device(image))
        self.styles.move_to_end(key)
        while len(self.styles) > NUM_KEPT_STYLES:
            self.styles.popitem(last=False)
        return self.styles[key]

    def cascade_levels(self, levels: Sequence[Level] | None) -> list[Level]:
        """Return `levels` (all that the model has, if None) from coarse to fine.

        Raises:
            StylerError: If the model has no decoder for one of them.
        """
        known = [level for level in LEVELS if level in self.model.decoders]
        for level in levels or known:
            if level not in known:
                todo = f"choose --levels from {', '.join(known)}, or train one: styler train decoder --help"
                raise StylerError(f"no decoder for {level} in model {self.model.name!r}", todo)
        return [level for level in known if level in (levels or known)]

    def _on_device(self, image: Tensor) -> Tensor:
        return image.to(self.device, memory_format=torch.channels_last)


def stylize(
    content: AnyPicture,
    style: AnyPicture | Sequence[AnyPicture],
    *,
    model: str | Path = "auto",
    device: str = "auto",
    dtype: str = "auto",
    **options,
) -> AnyPicture:
    """Return the content in the style, with a model loaded for this one call.

    For more than one picture keep a `Stylizer`; `options` are those of `Stylizer.stylize`.
    """
    return Stylizer(model, device=device, dtype=dtype).stylize(content, style, **options)
