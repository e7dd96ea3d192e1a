"""The maps of a shot: those of the moments of several of its frames, taken together level by level."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from styler.choices import LEVELS, Level, Method, Transform
from styler.model.weights import Model
from styler.transfer.canvas import Canvas, FeatureMap, allocate_feature_buffer
from styler.transfer.cascade import Maps, moments_by_region, repaint, seeds_of
from styler.transfer.moments import Moments, mixed_moments
from styler.transfer.style import Style
from styler.transfer.tiling import padded
from styler.transfer.trace import Trace
from styler.transfer.whitening import TRANSFORMS, Affine
from styler.video.tensor_files import write_tensors


@torch.no_grad()
def shot_maps(
    model: Model,
    frames: Sequence[Tensor],
    styles: Sequence[Style],
    *,
    masks: Sequence[Tensor | None] | None = None,
    alpha: float | Mapping[Level, float] = 1.0,
    levels: Sequence[Level] | None = None,
    transform: Transform = "transport",
    method: Method = "auto",
    seed_flats: bool = False,
    tile: int | None = None,
) -> Maps:
    """Return maps for `cascade` that give the frames together the moments of the styles.

    Args:
        model: See `cascade`.
        frames: Pictures of one size, `(1, 3, H, W)`, floats in [0, 1] or integers at full scale.
        styles: One for the whole picture, or that one and then one for each mask.
        masks: Those of each frame, `(R, 1, H, W)`.
        alpha: See `cascade`, as all that follows.
        levels: In the order in which they are applied; by default all of the model's.
        transform: How features take on the style's moments.
        method: How roots are computed.
        seed_flats: Whether flat parts get faint noise.
        tile: Side of the tiles in pixels.
    """
    levels = model.levels if levels is None else levels
    maps, trace = Maps(), Trace()
    regions = [None if mask is None else padded(mask) for mask in masks or [None] * len(frames)]
    canvases = [Canvas(frame, tile=tile, device=model.device) for frame in frames]
    buffers = [allocate_feature_buffer(model.encoder, levels, canvas, 0) for canvas in canvases]
    for level in levels:
        strength = alpha.get(level, 1.0) if isinstance(alpha, Mapping) else alpha
        features, found = [], []
        for canvas, buffer, mask in zip(canvases, buffers, regions, strict=True):
            is_first = seed_flats and level == levels[0]
            seeds = seeds_of(styles, canvas, mask, strength) if is_first else None
            features.append(FeatureMap(model.encoder, level, canvas, buffer, pixels=seeds))
            found.append(moments_by_region(features[-1], canvas, mask, None, len(styles), trace))
        fit = partial(TRANSFORMS[transform], alpha=strength, method=method)
        maps[level] = [
            None if (moments := together(parts)) is None else fit(moments, style[level])
            for parts, style in zip(zip(*found, strict=True), styles, strict=True)
        ]
        if level != levels[-1]:
            for canvas, one, mask in zip(canvases, features, regions, strict=True):
                repaint(canvas, model.decoders[level], one, maps[level], mask, trace)
    return maps


def together(parts: Sequence[Moments | None]) -> Moments | None:
    """Return the moments of all parts, each counting as much as any other; None if there are none."""
    known = [part for part in parts if part is not None]
    return mixed_moments(known, [1.0] * len(known)) if known else None


def save_maps(maps: Maps, path: Path) -> None:
    """Write maps to a file."""
    tensors = {
        f"{level}/{region}/{name}": value.contiguous().cpu()
        for level, affines in maps.items()
        for region, affine in enumerate(affines)
        if affine is not None
        for name, value in affine._asdict().items()
    }
    counts = {f"{level}/count": torch.tensor(len(affines)) for level, affines in maps.items()}
    write_tensors(tensors | counts, path)


def load_maps(path: Path, device: torch.device) -> Maps:
    """Read maps from a file."""
    found = load_file(path)
    maps = Maps()
    for level in [level for level in LEVELS if f"{level}/count" in found]:
        count = int(found[f"{level}/count"])
        maps[level] = [
            Affine(*(found[f"{level}/{region}/{name}"].to(device) for name in Affine._fields))
            if f"{level}/{region}/matrix" in found
            else None
            for region in range(count)
        ]
    return maps
