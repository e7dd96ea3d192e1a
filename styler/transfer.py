"""Style transfer as a call: anything that is a picture in, the same kind of thing out."""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, cast

import torch
from torch import Tensor

from styler.cascade import cascade
from styler.catalog import find_model
from styler.color import Colors, colors_of, finished, recolored
from styler.device import auto_dtype, find_device, find_dtype
from styler.errors import StylerError
from styler.images.picture_file import MAX_PIXELS
from styler.interchange import AnyPicture, as_image
from styler.masks import mask_like, outside
from styler.matrix_sqrt import Method
from styler.memory import MAX_MEMORY, Tiling, tiling_for
from styler.moments import Moments
from styler.pixels import resize, unit
from styler.saved_style import SUFFIX, fingerprint, load_style
from styler.style import Style, mixed_style, style_of, style_on
from styler.trace import Trace
from styler.vgg import LEVELS, Level
from styler.weights import load_model
from styler.whitening import Transform

NUM_KEPT_STYLES = 64
"""A style of `small` takes about 90 kB."""

AnyStyle = AnyPicture | Style


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
        self.model = load_model(find_model(model, device_type=self.device.type))
        self.fingerprint = fingerprint(self.model.encoder)
        self.model.to(self.device, self.dtype)
        self.styles: OrderedDict[str, Style] = OrderedDict()

    def stylize(
        self,
        content: AnyPicture,
        style: AnyStyle | Sequence[AnyStyle] | None,
        *,
        alpha: float | Mapping[Level, float] = 1.0,
        weights: Sequence[float] | None = None,
        regions: Sequence[tuple[AnyPicture, AnyStyle]] = (),
        keep: AnyPicture | None = None,
        colors: Colors = "none",
        levels: Sequence[Level] | None = None,
        size: int | None = None,
        style_size: int | None = None,
        style_scale: float = 1.0,
        transform: Transform = "transport",
        method: Method = "auto",
        tile: int | Literal["auto"] = "auto",
        max_memory: int = MAX_MEMORY,
        trace: Trace | None = None,
    ) -> AnyPicture:
        """Return the content in the style: a PIL picture for a path, else what the content was.

        Args:
            content: A path, a stream, a PIL picture, an array or a tensor, see `as_image`.
            style: The same, a .style file, what `style` returned, or several of them: their mixture. None where
                there are regions alone: elsewhere the content stays as it is.
            alpha: Strength of the style, 0 to 1; perhaps by level, 1 for those not named.
            weights: Shares of several styles, on any scale; equal by default.
            regions: Masks, white where their style goes, and these styles; elsewhere goes `style`.
            keep: A mask, white where the content stays as it is.
            colors: "luma" keeps the content's colours and takes the luminance alone; "match" gives the style the
                content's colours before it is looked at; see `styler.color`.
            levels: Which levels to go through, always coarse to fine; all by default.
            size: Longer side to work at and of the result, in pixels; by default the content's own.
            style_size: Longer side of the styles; by default their own, but at most the content's.
            style_scale: Times the styles' size: smaller makes finer strokes.
            transform: "transport", which moves features the least, "wct" as published, or "adain", channel by channel.
            method: How matrix roots are computed, see `styler.matrix_sqrt`.
            tile: Side of the tiles in pixels, 0 for none; by default none until `max_memory` wants them.
            max_memory: Bytes that the process should stay below.
            trace: Filled with what was done, if given.

        Raises:
            StylerError: If a file can't be read, or the model has no decoder for a level.
            ValueError: If an argument is out of range.
        """
        check_strength(alpha)
        if tile != "auto" and tile < 0:
            raise ValueError(f"expected a tile of 0 and up, got {tile}")
        if style is None and not regions:
            raise ValueError("expected a style, or regions with theirs, got none")
        levels = self.cascade_levels(levels)
        trace = Trace() if trace is None else trace
        with trace.stage("load"):
            image, back = as_image(content)
            image = image if size is None else resized(image, size)
            masks = [mask_like(image, mask) for mask, _ in regions]
            kept = None if keep is None else mask_like(image, keep)
            if style is None:
                kept = outside(masks, kept)
        with torch.no_grad():
            with trace.stage("style"):
                wanted = colors_of(image) if colors == "match" else None
                longest = max(image.shape[-2:])
                seen = partial(self.style, size=style_size, max_size=longest, scale=style_scale, colors=wanted)
                style = regions[0][1] if style is None else style
                base = cast("Sequence[AnyStyle]", style if isinstance(style, list | tuple) else [style])
                shares = [1.0] * len(base) if weights is None else weights
                styles = [style_on(self.model.device, seen(one)) for one in (*base, *(one for _, one in regions))]
                styles = [mixed_style(styles[: len(base)], shares), *styles[len(base) :]]
            options = {"alpha": alpha, "levels": levels, "transform": transform, "method": method, "trace": trace}
            options["masks"] = torch.cat(masks) if masks else None
            side = None if tile == "auto" else tile
            tiling = tiling_for(image, self.model.encoder, self.dtype, tile=side, max_memory=max_memory)
            result = self._fitted_cascade(image, styles, tiling, **options)
            return back(finished(result.cpu(), image, colors=colors, keep=kept))

    def _fitted_cascade(self, image: Tensor, styles: Sequence[Style], tiling: Tiling, *, trace: Trace, **options):
        """Return the cascade's result by smaller and smaller tiles, then on the processor, while memory runs out."""
        while True:
            try:
                return cascade(
                    self.model,
                    image,
                    [style_on(self.device, style) for style in styles],
                    tile=tiling.tile,
                    kept_bytes=tiling.kept_bytes,
                    trace=trace,
                    **options,
                )
            except torch.OutOfMemoryError:
                smaller = tiling.smaller()
            if smaller is None and self.device.type == "cpu":
                raise StylerError("the picture does not fit into memory", "make it smaller: --size") from None
            if smaller is None:
                trace.notes.append(f"{self.device} is out of memory, so the processor does it")
                smaller = tiling_for(image, self.model.encoder, torch.float32)
                self.device = trace.device = torch.device("cpu")
                self.dtype = self.dtype if self.dtype == torch.float32 else auto_dtype(self.device)
                self.model.to(self.device, self.dtype)
            else:
                trace.notes.append(f"{self.device} is out of memory, so it goes by tiles of {smaller.tile} pixels")
            tiling = smaller

    def style(
        self,
        picture: AnyStyle,
        *,
        size: int | None = None,
        max_size: int | None = None,
        scale: float = 1.0,
        colors: Moments | None = None,
    ) -> Style:
        """Return the style of a picture or in a .style file, remembered from the last time that it was seen.

        Args:
            picture: A path, a stream, a PIL picture, an array or a tensor; a style is returned as it is.
            size: Longer side at which the picture is looked at; by default its own, but at most `max_size`.
            max_size: See `size`.
            scale: Times this size.
            colors: Mean and covariance of RGB that the picture is given first.

        Raises:
            StylerError: If a file can't be read, or a .style is to be given colours.
        """
        saved = isinstance(picture, str | os.PathLike) and Path(picture).suffix.lower() == SUFFIX
        if colors is not None and (saved or isinstance(picture, dict)):
            what = f"{picture if saved else 'a style'} has no colours that could be changed"
            raise StylerError(what, "give the picture that it was made of, or keep the colours another way")
        if isinstance(picture, dict):
            return picture
        if saved:
            return load_style(Path(picture), self.model.encoder, self.model.name, self.fingerprint)
        image, _ = as_image(picture)
        longest = max(image.shape[-2:])
        image = resized(image, max(1, round((size or min(longest, max_size or longest)) * scale)))
        if colors is not None:
            image = recolored(unit(image), Moments(*(x.to(image.device) for x in colors)))
        return self._seen(image)

    def _seen(self, image: Tensor) -> Style:
        key = hashlib.sha256(image.cpu().contiguous().numpy()).hexdigest() + f"{image.dtype}{image.shape}"
        if key not in self.styles:
            with torch.no_grad():
                tile = tiling_for(image, self.model.encoder, self.dtype).tile
                self.styles[key] = style_of(self.model.encoder, image, tile=tile)
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


def check_strength(alpha: float | Mapping[Level, float]) -> None:
    """Raise a ValueError if a strength is not from 0 to 1, or one is for no level."""
    strengths = alpha if isinstance(alpha, Mapping) else dict.fromkeys(LEVELS, alpha)
    if not all(level in LEVELS and 0 <= strength <= 1 for level, strength in strengths.items()):
        raise ValueError(f"expected alpha from 0 to 1, for levels of {', '.join(LEVELS)}, got {alpha}")


def resized(image: Tensor, size: int) -> Tensor:
    """Return the picture with its longer side `size` pixels long.

    Raises:
        StylerError: If it would be enlarged beyond `MAX_PIXELS`.
    """
    height, width = image.shape[-2:]
    if size * size * min(height, width) > max(MAX_PIXELS, height * width) * max(height, width):
        what = f"{width}×{height} pixels at --size or --style-size {size} are too many"
        raise StylerError(what, f"choose a size that gives at most {MAX_PIXELS / 1e6:.3g} megapixels")
    return resize(image, size)


def stylize(
    content: AnyPicture,
    style: AnyStyle | Sequence[AnyStyle] | None,
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
