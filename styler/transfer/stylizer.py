"""Style transfer as a call: any kind of picture in, the same kind out."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, Unpack, overload

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from styler.choices import MAX_MEMORY, Level, Method, PreserveColor, Strokes, Transform
from styler.errors import StylerError
from styler.images.loading import File
from styler.images.masks import AnyMask, outside
from styler.images.own_samples import own_samples
from styler.images.picture import AnyPicture, Picture
from styler.model.catalog import find_model
from styler.model.device import exact_float32, find_device, find_dtype
from styler.model.style_catalog import builtin_style_file, is_style_name
from styler.model.weights import load_model
from styler.process import keep_freed_memory
from styler.transfer.arguments import AnyStyle, Options, check_options, check_styles
from styler.transfer.color import colors_of, with_kept_content
from styler.transfer.inputs import read_inputs
from styler.transfer.loss_network import LossNetwork
from styler.transfer.memory import tiling_for
from styler.transfer.moments import Moments
from styler.transfer.place import Place, stylized
from styler.transfer.record import settings_record
from styler.transfer.refining import finished_at, is_analysed, refined_pictures
from styler.transfer.style import Style, mixed_style
from styler.transfer.style_file import fingerprint
from styler.transfer.style_reading import NUM_CACHED_STYLES, StyleReader
from styler.transfer.trace import Trace

Program = TypeVar("Program", Image.Image, np.ndarray, Tensor)
"""Pictures as Python programs hold them."""


FAINT = 0.25
"""Strength below which the stylized picture is mixed with the content, so that strength 0 is the content itself."""


class Stylizer:
    """A model in memory, and the styles that it has used last. One may be used by many threads at once."""

    def __init__(
        self,
        model: str | Path = "auto",
        *,
        device: str | torch.device = "auto",
        dtype: str | torch.dtype = "auto",
        num_cached_styles: int = NUM_CACHED_STYLES,
        keep_memory: bool = True,
    ):
        """Load the model.

        Args:
            model: A shipped model's name, or a file; "auto" chooses by device.
            device: "auto", "cpu", "cuda", "cuda:N" or "mps".
            dtype: "auto", "float32", "bfloat16" or "float16"; moments and roots are in float32 at least.
            num_cached_styles: How many styles are kept for the next call.
            keep_memory: On Linux processors, let the allocator of this process keep freed memory for the next
                picture: twice as fast at 1024². It holds for the whole process from the first `Stylizer` on, see
                `styler.process.keep_freed_memory`; False leaves the process alone.

        Raises:
            StylerError: If model, device or precision are not available.
        """
        self.device = find_device(device)
        self.dtype = find_dtype(dtype, self.device)
        self.model = load_model(find_model(model, device_type=self.device.type))
        self.fingerprint = fingerprint(self.model.encoder)
        self.model.to(self.device, self.dtype)
        self._styles = StyleReader(self.model, self.fingerprint, num_cached_styles)
        if keep_memory and self.device.type == "cpu":
            keep_freed_memory()

    @overload
    def stylize(
        self,
        content: Program,
        style: AnyStyle | Sequence[AnyStyle] | None,
        **options: Unpack[Options],
    ) -> Program: ...
    @overload
    def stylize(
        self,
        content: Picture | File | bytes,
        style: AnyStyle | Sequence[AnyStyle] | None,
        **options: Unpack[Options],
    ) -> Picture: ...
    def stylize(
        self,
        content: AnyPicture,
        style: AnyStyle | Sequence[AnyStyle] | None,
        *,
        alpha: float | Mapping[Level, float] = 1.0,
        weights: Sequence[float] | None = None,
        regions: Sequence[tuple[AnyMask, AnyStyle]] = (),
        keep: AnyMask | None = None,
        preserve_color: PreserveColor = "none",
        detail: float = 0.0,
        strokes: Strokes | int = "fine",
        seed_flats: bool = True,
        levels: Sequence[Level] | None = None,
        size: int | None = None,
        style_size: int | None = None,
        style_scale: float = 1.0,
        transform: Transform = "transport",
        method: Method = "auto",
        tile: int | Literal["auto"] = "auto",
        max_memory: int = MAX_MEMORY,
        refine: int = 0,
        refine_with: str | os.PathLike[str] | None = None,
        trace: Trace | None = None,
    ) -> AnyPicture:
        """Return the content in the style: a `Picture` for a `Picture` or a file, else what the content was.

        Args:
            content: A `Picture`, a path, a stream, a PIL picture, an array or a tensor, see `Picture.of`.
            style: The same, a .style file, the name of a built-in style, a `Style`, or several of them: their mixture.
                None where there are only regions: elsewhere the content stays as it is.
            alpha: Strength of the style, 0 to 1; or by level, 1 for those not named.
            weights: Shares of several styles, on any scale; equal by default.
            regions: Pairs of a mask, white where its style goes, and that style; elsewhere goes `style`.
            keep: A mask, white where the content stays as it is.
            preserve_color: "luma" keeps the content's colors and takes only the luminance; "match" gives the style
                the content's colors before it is analysed; see `styler.transfer.color`.
            detail: How much of the content's fine luminance is added to the result, 0 to 1.
            strokes: How large the marks are: "fine", "bold", or by how much the content is reduced first, 1 to 8.
            seed_flats: Whether flat parts get faint noise, from which the style's texture is made.
            levels: Levels of the network to transform, always coarse to fine; all by default.
            size: Longer side of the result in pixels; by default the content's own.
            style_size: Longer side at which styles are analysed; by default their own, but at most the content's.
            style_scale: Scale factor for the style's resolution: smaller makes finer strokes.
            transform: "transport", the smallest change of the features, "wct" as published, or "adain", by channel.
            method: How matrix roots are computed, see `styler.matrix_sqrt`.
            tile: Side of the tiles in pixels, 0 for none; by default tiles are used when `max_memory` requires them.
            max_memory: Memory limit of the process in bytes; a GPU's own free memory limits what runs there.
            refine: Steps of optimization that the result is refined by, see `styler.transfer.refinement`.
            refine_with: Network of its loss: "vgg19" (torchvision's, downloaded once) or a VGG-19 as .safetensors.
            trace: Filled with what was done, if given.

        Raises:
            StylerError: If a file can't be read, the model has no decoder for a level, or memory is too small.
            ValueError: If an argument is out of range.
        """
        options: dict[str, Any] = {"alpha": alpha, "weights": weights, "preserve_color": preserve_color}
        options |= {"detail": detail, "strokes": strokes, "seed_flats": seed_flats}
        options |= {"levels": levels, "size": size, "style_size": style_size, "style_scale": style_scale}
        options |= {"transform": transform, "method": method, "tile": tile, "max_memory": max_memory}
        options |= {"refine": refine, "refine_with": refine_with} if refine else {}
        base = check_styles(style, regions, weights)
        check_options(**options, regions=regions)
        if refine and refine_with is None:
            raise ValueError("expected refine_with 'vgg19' or a file, got None")
        base, regions = [self.found(one) for one in base], [(mask, self.found(one)) for mask, one in regions]
        chosen = self.cascade_levels(levels, alpha)
        trace = Trace() if trace is None else trace
        trace.device = self.device
        with trace.stage("load"):
            picture, original, image, masks, kept = read_inputs(content, size, regions, keep, trace)
            kept = outside(masks, kept) if masks is not None and not base else kept
        with trace.stage("style"):
            colors = colors_of(image) if preserve_color == "match" else None
            seen = partial(self._styles.read, size=style_size, max_size=max(image.shape[-2:]), colors=colors)
            every = [*base, *(one for _, one in regions)]

            def styles_at(share: float, network: LossNetwork | None = None) -> list[Style]:
                found = [seen(one, scale=style_scale * share, network=network).to(self.device) for one in every]
                found = found if network is not None else [one.at_levels(chosen) for one in found]
                mixed = mixed_style(found[: len(base)], weights or [1.0] * len(base)) if base else found[0]
                return [mixed, *found[len(base) :]]

            styles = styles_at(1.0)
            network = self._styles.loss_network(refine_with) if refine and refine_with is not None else None
            if network is not None:
                styles_at(1.0, network)  # raises before the work
        with torch.no_grad(), exact_float32(self.device):
            place = Place(self.model, tiling_for(image, self.model, tile=tile, max_memory=max_memory))
            how: dict[str, Any] = {"alpha": alpha, "levels": chosen, "transform": transform, "method": method}
            how |= {"seed_flats": seed_flats, "strokes": strokes, "trace": trace}
            result, place = stylized(place, image, styles, masks=masks, visible=original.alpha, **how)
            share = mixed_share(alpha, chosen)
            finish = partial(with_kept_content, share=share, detail=detail, preserve_color=preserve_color)
            if network is not None:
                strengths = {x: alpha.get(x, 1.0) if isinstance(alpha, Mapping) else alpha for x in chosen}
                how = {"masks": masks, "alpha": original.alpha, "keep": kept, "num_steps": refine}
                how |= {"strengths": strengths, "max_memory": max_memory}
                how |= {"tile": None if tile == "auto" else tile, "has_sizes": not any(map(is_analysed, every))}
                how |= {"watch": trace.watch.finishing(partial(finished_at, finish, original.samples, kept))}
                with trace.stage("refine"):
                    seen_at = partial(styles_at, network=network)
                    result, is_complete = refined_pictures(result, image, seen_at, network, **how)
                trace.interrupted = not is_complete
            samples = finish(result, original.samples, keep=kept)
        trace.settings = options | {"regions": regions, "keep": keep}
        record = None if trace.interrupted else settings_record(picture, base, place.model, trace.settings)
        result = picture.with_samples(samples, settings=record)
        if kept is not None:
            result = replace(result, own=own_samples(picture.source, picture.profile, kept, page=picture.page))
        return like(result, content)

    def style(
        self,
        picture: AnyStyle,
        *,
        size: int | None = None,
        max_size: int | None = None,
        scale: float = 1.0,
        colors: Moments | None = None,
        refine_with: str | os.PathLike[str] | None = None,
    ) -> Style:
        """Return the style of a picture or in a .style file: a copy of its own.

        Args:
            picture: A `Picture`, a path, a stream, a PIL picture, an array or a tensor, the name of a built-in style,
                or a `Style`.
            size: Longer side at which the picture is analysed; by default its own, but at most `max_size`.
            max_size: See `size`.
            scale: Factor for this size.
            colors: Mean and covariance of RGB that the picture is given first.
            refine_with: Loss network of refinements that the style should serve, see `stylize`.

        Raises:
            StylerError: If a file can't be read, or a .style should be given colors.
            ValueError: If a `Style` was computed with another model.
        """
        check_options(size=size, style_size=max_size, style_scale=scale)
        found = self.found(picture)
        seen = partial(self._styles.read, found, size=size, max_size=max_size, scale=scale, colors=colors)
        style = seen()
        if refine_with is not None:
            style = replace(style, seen_by_loss=seen(network=self._styles.loss_network(refine_with)))
        return style.clone()

    def found(self, style: AnyStyle) -> AnyStyle:
        """Return the style, or the file of the built-in style that it names.

        Raises:
            StylerError: If it is neither a file nor a name.
        """
        if not is_style_name(style):
            return style
        return builtin_style_file(str(style), self.fingerprint, model=self.model.name)

    def clear_cache(self) -> None:
        """Forget the styles seen so far."""
        self._styles.clear()

    def cascade_levels(self, levels: Sequence[Level] | None, alpha: float | Mapping[Level, float] = 1.0) -> list[Level]:
        """Return `levels` (all that the model has, if None) from coarse to fine.

        Raises:
            StylerError: If the model has no decoder for one of them, or for one whose strength `alpha` gives.
        """
        known = self.model.levels
        for level in [*(levels or known), *(alpha if isinstance(alpha, Mapping) else ())]:
            if level not in known:
                todo = f"choose levels from {', '.join(known)}, or train one: styler train decoder --help"
                raise StylerError(f"no decoder for {level} in model {self.model.name!r}", todo)
        return [level for level in known if level in (levels or known)]


def mixed_share(alpha: float | Mapping[Level, float], levels: Sequence[Level]) -> float:
    """Return how much of the stylized picture is mixed into the content: all of it, except at small strengths.

    Even at strength 0 the networks only approximate the content, at 28 dB through all levels.
    """
    strongest = max(alpha.get(level, 1.0) for level in levels) if isinstance(alpha, Mapping) else alpha
    return min(1.0, strongest / FAINT)


def like(result: Picture, content: AnyPicture) -> AnyPicture:
    """Return the result as the kind of picture that the content is."""
    match content:
        case Tensor():
            return result.tensor(content.dtype, device=content.device).reshape(*content.shape[:-2], *result.size)
        case np.ndarray():
            return result.array(content.dtype)
        case Image.Image():
            return result.pil()
    return result
