"""The cascade: encode, transform, decode, once a level, coarse to fine (Li et al. 2017, arXiv:1705.08086, fig. 1c).

By tiles it gives what it gives at once: the transform is made from the moments of the whole picture, and each tile
sees as far beyond itself as the networks look.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from styler.canvas import like_canvas, new_canvas
from styler.encoder import convolutions
from styler.feature_map import FeatureMap, new_room
from styler.folding import folded
from styler.matrix_sqrt import Method
from styler.padding import padded
from styler.regions import RegionalMoments, shares_of
from styler.style import Style
from styler.tiling import Box, decoder_margin, grid, largest_first
from styler.trace import Trace
from styler.vgg import LEVELS, Level
from styler.weights import Model
from styler.whitening import TRANSFORMS, Affine, Transform, apply_affines


def cascade(
    model: Model,
    images: Tensor,
    styles: Style | Sequence[Style],
    *,
    masks: Tensor | None = None,
    alpha: float | Mapping[Level, float] = 1.0,
    levels: Sequence[Level] = LEVELS,
    transform: Transform = "transport",
    method: Method = "auto",
    tile: int | None = None,
    kept_bytes: int = 0,
    trace: Trace | None = None,
) -> Tensor:
    """Return the pictures in the style, of the same size, `(B, 3, H, W)`: floats in [0, 1], by tiles 16-bit integers.

    Args:
        model: Its precision is that of the work; moments and roots are in float32 at least.
        images: Pictures, `(B, 3, H, W)`, floats in [0, 1] or integers at full scale; tiles go to the model's device.
        styles: One for all of the picture, or one and then one for each mask; each for all pictures or one a picture.
        masks: Where the other styles go, see `styler.regions`.
        alpha: Strength, 0 (the plain reconstruction) to 1, perhaps by level.
        levels: In the order in which they are applied.
        transform: How features take on the style's moments, see `styler.whitening`.
        method: How roots are computed, see `styler.matrix_sqrt`.
        tile: Side of the tiles in pixels, a multiple of eight; None takes the picture at once.
        kept_bytes: How large the features of a level may be to be kept; else tiles compute them twice.
        trace: Filled with what was done, if given.
    """
    trace = Trace() if trace is None else trace
    styles = [styles] if isinstance(styles, dict) else styles
    height, width = images.shape[-2:]
    masks = None if masks is None else padded(masks)
    canvas = padded(images)
    tiles = grid(canvas.shape[-2], canvas.shape[-1], tile)
    canvas = new_canvas(canvas, tiles, model.device)
    room = new_room(model.encoder, levels, canvas, kept_bytes)
    for level in levels:
        strength = alpha.get(level, 1.0) if isinstance(alpha, Mapping) else alpha
        features = FeatureMap(model.encoder, level, canvas, room)
        regions = RegionalMoments(len(styles))
        for box in largest_first(tiles):
            with trace.stage("encode"):
                found = features.first(box)
            with trace.stage("moments"):
                shares = None if masks is None else shares_of(masks, box, level, device=found.device)
                regions.add(found, shares)
        with trace.stage("root"):
            affines = [
                None if moments is None else TRANSFORMS[transform](moments, style[level], alpha=strength, method=method)
                for moments, style in zip(regions.steadied(), styles, strict=True)
            ]
        trace.residuals += [affine.residual for affine in affines if affine is not None]
        canvas = repainted(model, features, tiles, masks, affines, trace)
    return canvas[..., :height, :width]


def repainted(
    model: Model,
    features: FeatureMap,
    tiles: Sequence[Sequence[Box]],
    masks: Tensor | None,
    affines: Sequence[Affine | None],
    trace: Trace,
) -> Tensor:
    """Return the canvas of transformed and decoded features; a single tile is a new one, others go into the old.

    The row below a tile still reads the lower margin of what was there: a row is painted when the next is done.
    It waits in a strip that is there from the start: small blocks that outlive large ones tear the heap apart.
    """

    decoder = model.decoders[features.level]
    *before, last = convolutions(decoder)
    # A map takes float32, and in it the first convolution of a longer decoder costs more than mapping before it.
    folds = affines[0] if masks is None and not before else None

    def decoded(box: Box) -> Tensor:
        area = box.grown(decoder_margin(features.level), canvas.shape[-2], canvas.shape[-1])
        with trace.stage("encode"):
            found = features.again(area)
        with trace.stage("transform"):
            if folds is None:
                shares = None if masks is None else shares_of(masks, area, features.level, device=features.device)
                found = apply_affines(found, affines, shares)
        with trace.stage("decode"):
            image = decoder(found) if folds is None else folded(last, found, folds)
            return like_canvas(canvas, image.clamp_(0, 1)[..., *box.within(area)])

    canvas = features.canvas
    if len(tiles) == len(tiles[0]) == 1:
        return decoded(tiles[0][0])
    fresh, waiting = (torch.empty_like(canvas[..., : tiles[0][0].bottom, :]) for _ in range(2))
    above = None
    for row in [*tiles, []]:
        for box in row:
            fresh[..., : box.bottom - box.top, box.left : box.right] = decoded(box)
        if above is not None:
            canvas[..., above.top : above.bottom, :] = waiting[..., : above.bottom - above.top, :]
        above = row[0] if row else None
        fresh, waiting = waiting, fresh
    return canvas
