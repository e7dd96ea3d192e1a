"""A photograph with its colors changed as a stylized picture's are: edges and texture stay, at any size."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from styler.choices import PHOTO_ALPHA
from styler.images.masks import AnyMask, read_masks
from styler.images.own_samples import own_samples
from styler.images.picture import Picture
from styler.images.pixels import resize_to, to_float
from styler.photo.color_table import ColorTable, blended, identity_table
from styler.photo.lookup import graded
from styler.photo.table_fitting import fitted_table
from styler.transfer.arguments import AnyStyle, check_options, check_styles
from styler.transfer.record import settings_record
from styler.transfer.regions import shares_of
from styler.transfer.stylizer import Stylizer
from styler.transfer.tiling import Box
from styler.transfer.trace import Trace

FIT_SIZE = 512
"""Longer side, in pixels, at which the photograph is stylized to fit the table."""


class Grade(NamedTuple):
    """One table for the whole picture, or that one and then one for each mask; and what stays as it is.

    `masks` are `(R, 1, H, W)`, `keep` is `(1, 1, H, W)`, at the size of the picture, uint8 at full scale.
    """

    tables: list[ColorTable]
    masks: Tensor | None = None
    keep: Tensor | None = None


class Photo(NamedTuple):
    """The result, and how its colors were changed."""

    picture: Picture
    grade: Grade


def photo_stylized(
    stylizer: Stylizer,
    content: Picture,
    style: AnyStyle | Sequence[AnyStyle] | None,
    *,
    alpha: float = PHOTO_ALPHA,
    weights: Sequence[float] | None = None,
    regions: Sequence[tuple[AnyMask, AnyStyle]] = (),
    keep: AnyMask | None = None,
    size: int | None = None,
    trace: Trace | None = None,
) -> Photo:
    """Return the photograph in the colors of the style; see `Stylizer.stylize` for what may be given.

    Args:
        stylizer: It stylizes the photograph in small.
        content: The photograph.
        style: One or several, or None where there are only regions.
        alpha: Strength, 0 (the photograph) to 1.
        weights: Shares of several styles.
        regions: Pairs of a mask and its style, each with a table of its own.
        keep: A mask, white where the photograph stays as it is.
        size: Longer side of the result in pixels; by default the photograph's own.
        trace: Filled with what was done, if given.

    Raises:
        StylerError: If a file can't be read.
        ValueError: If an argument is out of range.
    """
    if isinstance(alpha, Mapping):
        raise ValueError("expected one alpha: a table has no levels")
    settings = {"alpha": alpha, "weights": weights, "regions": regions, "size": size}
    check_options(**settings)
    base = [stylizer.found(one) for one in check_styles(style, regions, weights)]
    regions = [(mask, stylizer.found(one)) for mask, one in regions]
    trace = Trace() if trace is None else trace
    picture = content if size is None else content.resized(size)
    masks, kept, sources = read_masks(picture.samples, [mask for mask, _ in regions], keep)
    small = small_copy(picture)
    stylized = stylizer.stylize(small, base or None, weights=weights, regions=regions, seed_flats=False, trace=trace)
    trace.masks = sources
    with trace.stage("tables"):
        tables = fitted_tables(small, stylized, masks, kept, has_base=bool(base))
    grade = Grade([blended(table, alpha) for table in tables], masks, kept)
    with trace.stage("lookup"):
        samples = graded(picture.samples, *grade)
    record = settings_record(
        content, base, stylizer.model, settings | {"regions": regions, "keep": keep, "photo": True}
    )
    return Photo(with_own_colors(content, picture.with_samples(samples, settings=record), kept), grade)


def looked_up_photo(
    content: Picture, table: ColorTable, *, alpha: float = 1.0, keep: AnyMask | None = None, size: int | None = None
) -> Picture:
    """Return the photograph with the colors of a table at a strength; see `photo_stylized`."""
    check_options(alpha=alpha, size=size)
    picture = content if size is None else content.resized(size)
    _, kept, _ = read_masks(picture.samples, [], keep)
    samples = graded(picture.samples, [blended(table, alpha)], keep=kept)
    return with_own_colors(content, picture.with_samples(samples), kept)


def small_copy(picture: Picture) -> Picture:
    """Return the picture at the size at which it is stylized, as a picture without a file, which has no record."""
    small = picture if max(picture.size) <= FIT_SIZE else picture.resized(FIT_SIZE)
    return replace(small, source=None)


def fitted_tables(
    content: Picture, stylized: Picture, masks: Tensor | None, keep: Tensor | None, *, has_base: bool
) -> list[ColorTable]:
    """Return the tables of a `Grade`, fitted where each goes; without a base style nothing changes outside the masks.

    Masks may be larger than the pictures.
    """
    images, visible = (content.image, stylized.image), torch.ones(1, 1, *content.size)
    if content.alpha is not None:
        visible = visible * to_float(content.alpha)
    if keep is not None:
        visible = visible * (1 - to_float(resize_to(keep, content.size)))
    if masks is None:
        return [fitted_table(*images, visible)]
    shares = shares_of(resize_to(masks, content.size), Box(0, 0, *content.size), "relu1_1", device=visible.device)
    fitted = [fitted_table(*images, visible * share) for share in (() if shares is None else shares)]
    return fitted if has_base else [identity_table(), *fitted[1:]]


def with_own_colors(content: Picture, result: Picture, keep: Tensor | None) -> Picture:
    """Return the result with the file's own colors where it is kept, if sRGB lacks them."""
    own = None if keep is None else own_samples(content.source, content.profile, keep, page=content.page)
    return replace(result, own=own)
