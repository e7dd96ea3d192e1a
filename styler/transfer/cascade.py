"""The cascade: encode, transform, decode, once a level, coarse to fine (Li et al. 2017, arXiv:1705.08086, fig. 1c).

In tiles it gives the same result as for the whole picture: the transform is made from the moments of the whole
picture, and each tile is computed with a margin as wide as the networks see.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from styler.choices import Level, Method, Transform
from styler.model.decoder import Decoder
from styler.model.encoder import convolutions
from styler.model.vgg import layers_to
from styler.model.weights import Model
from styler.transfer.canvas import Canvas, FeatureMap, allocate_feature_buffer, float_part, largest_first
from styler.transfer.moments import Moments
from styler.transfer.regions import RegionalMoments, shares_of
from styler.transfer.seeding import MARGIN as SEED_MARGIN
from styler.transfer.seeding import amplitude_of, seeded
from styler.transfer.style import Style
from styler.transfer.tiling import Box, decoder_margin, padded
from styler.transfer.trace import Trace
from styler.transfer.transparency import weighted_by_alpha
from styler.transfer.whitening import TRANSFORMS, Affine, apply_affines, folded

Maps = dict[Level, list[Affine | None]]
"""The affine map of each region's features by level; None for an empty region."""


def cascade(
    model: Model,
    images: Tensor,
    styles: Style | Sequence[Style],
    *,
    masks: Tensor | None = None,
    visible: Tensor | None = None,
    alpha: float | Mapping[Level, float] = 1.0,
    levels: Sequence[Level] | None = None,
    transform: Transform = "transport",
    method: Method = "auto",
    seed_flats: bool = True,
    maps: Maps | None = None,
    tile: int | None = None,
    kept_bytes: int = 0,
    trace: Trace | None = None,
) -> Tensor:
    """Return the stylized pictures, of the same size, `(B, 3, H, W)`: floats in [0, 1], in tiles 16-bit integers.

    Args:
        model: The networks run in its precision; moments and roots are in float32 at least.
        images: Pictures, `(B, 3, H, W)`, floats in [0, 1] or integers at full scale; tiles go to the model's device.
        styles: One for the whole picture, or that one and then one for each mask; each for all pictures or one a
            picture.
        masks: Where the other styles go, see `styler.transfer.regions`.
        visible: Transparency of the pictures, `(1, 1, H, W)`: how much each pixel counts in the moments.
        alpha: Strength, 0 (the plain reconstruction) to 1; or a strength by level, 1 for those not named.
        levels: In the order in which they are applied; by default all of the model's.
        transform: How features take on the style's moments, see `styler.transfer.whitening`.
        method: How roots are computed, see `styler.matrix_sqrt`.
        seed_flats: Whether flat parts get faint noise for the style's texture, see `styler.transfer.seeding`.
        maps: Maps of the features by level. Those that are missing are computed and added; the others are applied as
            they are, whatever `styles`, `alpha` and `transform` say.
        tile: Side of the tiles in pixels, a multiple of eight; None processes the picture as a whole.
        kept_bytes: Largest feature map of a level, in bytes, that is kept between its two passes over the tiles.
        trace: Filled with what was done, if given.
    """
    levels = model.levels if levels is None else levels
    trace = Trace() if trace is None else trace
    styles = [styles] if isinstance(styles, Style) else styles
    masks, visible = (None if x is None else padded(x) for x in (masks, visible))
    canvas = Canvas(images, tile=tile, device=model.device)
    buffer = allocate_feature_buffer(model.encoder, levels, canvas, kept_bytes)
    maps = {} if maps is None else maps
    trace.add_work(sum(map(work_of, levels)))
    strengths = {level: alpha.get(level, 1.0) if isinstance(alpha, Mapping) else alpha for level in levels}
    for level, strength in strengths.items():
        seeds = seeds_of(styles, canvas, masks, strength) if seed_flats and level == levels[0] else None
        features = FeatureMap(model.encoder, level, canvas, buffer, pixels=seeds)
        if level not in maps:
            found = moments_by_region(features, canvas, masks, visible, len(styles), trace)
            fit = partial(TRANSFORMS[transform], alpha=strength, method=method)
            with trace.stage("root"):
                maps[level] = [
                    None if moments is None else fit(moments, style[level])
                    for moments, style in zip(found, styles, strict=True)
                ]
            trace.maps += [affine for affine in maps[level] if affine is not None]
        repaint(canvas, model.decoders[level], features, maps[level], masks, trace)
    with trace.stage("clean"):
        canvas.clean()
    return canvas.images


def seeds_of(
    styles: Sequence[Style], canvas: Canvas, masks: Tensor | None, strength: float
) -> Callable[[Box], Tensor] | None:
    """Return a function from a box to its pixels with noise where they are flat; None if the styles want none."""
    amplitudes = strength * torch.tensor([[amplitude_of(x) for x in style.roughness] for style in styles])
    if not amplitudes.any():
        return None
    amplitudes = amplitudes.view(len(styles), -1, 1, 1, 1).to(canvas.device)

    def pixels(box: Box) -> Tensor:
        area = box.grown(SEED_MARGIN, *canvas.pixels.shape[-2:])
        shares = shares_of(masks, area, "relu1_1", device=canvas.device)
        amplitude = amplitudes[0] if shares is None else (amplitudes * shares[:, None]).sum(0)
        part = float_part(canvas.pixels, area, device=canvas.device)
        return seeded(part, amplitude, top=area.top, left=area.left)[..., *box.within(area)]

    return pixels


def moments_by_region(
    features: FeatureMap, canvas: Canvas, masks: Tensor | None, visible: Tensor | None, count: int, trace: Trace
) -> list[Moments | None]:
    """Return the moments of the features in each of `count` regions, tile by tile; None for an empty one."""
    regions = RegionalMoments(count)
    for box in largest_first(canvas.tiles):
        with trace.stage("encode"):
            found = features.encode(box)
        with trace.stage("moments"):
            shares = shares_of(masks, box, features.level, device=found.device)
            regions.add(found, weighted_by_alpha(shares, visible, box, features.level, device=found.device))
        trace.finish_work(work_of(features.level) / 2 / canvas.num_tiles)
    return regions.shrunk()


def repaint(
    canvas: Canvas,
    decoder: Decoder,
    features: FeatureMap,
    affines: Sequence[Affine | None],
    masks: Tensor | None,
    trace: Trace,
) -> None:
    """Decode the transformed features onto the canvas they were encoded from."""
    *before, last = convolutions(decoder)
    # A map takes float32, and in it the first convolution of a longer decoder costs more than mapping before it.
    folds = affines[0] if masks is None and not before else None
    margin = decoder_margin(features.level, antialiased=decoder.antialiased)

    def decoded(box: Box) -> Tensor:
        area = box.grown(margin, *canvas.pixels.shape[-2:])
        with trace.stage("encode"):
            found = features[area]
        with trace.stage("transform"):
            if folds is None:
                shares = shares_of(masks, area, features.level, device=features.device)
                found = apply_affines(found, affines, shares)
        with trace.stage("decode"):
            image = decoder(found) if folds is None else folded(last, found, folds)
        trace.finish_work(work_of(features.level) / 2 / canvas.num_tiles)
        return image.clamp_(0, 1)[..., *box.within(area)]

    canvas.repaint(decoded)


def work_of(level: Level) -> int:
    """Return how much work a level is, encoder and decoder together, in convolutions."""
    return len([name for name in layers_to(level) if name != "pool"])
