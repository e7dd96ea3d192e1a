"""Keeping the colors of a photograph, or parts of it. Images are RGB in [0, 1], `(B, 3, H, W)`."""

import torch
from torch import Tensor

from styler.choices import PreserveColor
from styler.images.pixels import luminance
from styler.transfer.canvas import float_part, like_canvas
from styler.transfer.detail import MARGIN as DETAIL_MARGIN
from styler.transfer.detail import fine_luminance
from styler.transfer.moments import Moments, RunningMoments, moments_of
from styler.transfer.tiling import grid
from styler.transfer.whitening import apply_affine, transport_affine

TILE = 1024
"""Side, in pixels, of the parts that are converted to floats at a time: a whole large picture would take too much."""

EPS = 1e-5
"""Ridge on the covariance of colors: less than one step of 8 bits."""


def with_luminance(images: Tensor, other: Tensor) -> Tensor:
    """Return the pictures with their own chroma and the luminance of `other`."""
    return (images + luminance(other) - luminance(images)).clamp(0, 1)


def recolored(images: Tensor, colors: Moments) -> Tensor:
    """Return the pictures with the given mean and covariance of RGB, by optimal transport of their colors."""
    images = images.expand(len(colors.mean), -1, -1, -1)
    return apply_affine(images, transport_affine(moments_of(images), colors, eps=EPS)).clamp(0, 1)


def colors_of(samples: Tensor) -> Moments:
    """Return the mean and covariance of RGB of each picture, `(B, 3, H, W)` in floats or integers at full scale."""
    total = RunningMoments()
    for box in (box for row in grid(samples.shape[-2], samples.shape[-1], TILE) for box in row):
        part = float_part(samples, box)
        total.add(moments_of(part), part[0, 0].numel())
    if total.moments is None:
        raise ValueError(f"expected pixels, got {tuple(samples.shape)}")
    return total.moments


def with_kept_content(
    stylized: Tensor,
    content: Tensor,
    *,
    share: float = 1.0,
    detail: float = 0.0,
    preserve_color: PreserveColor = "none",
    keep: Tensor | None = None,
) -> Tensor:
    """Return the stylized pictures, changed in place, with the detail, colors or parts of the content that are kept.

    Args:
        stylized: Floats in [0, 1] or integers at full scale, `(B, 3, H, W)`.
        content: The same, of the same size.
        share: How much of the stylized picture is mixed in, from 0 to 1.
        detail: How much of the content's fine luminance is added, from 0 to 1, see `styler.transfer.detail`.
        preserve_color: "luma" takes only the luminance from `stylized`.
        keep: Mask, `(1, 1, H, W)`, on the same scale: where it is white, the content is kept.
    """
    if preserve_color != "luma" and keep is None and share == 1 and detail == 0:
        return stylized
    for box in (box for row in grid(stylized.shape[-2], stylized.shape[-1], TILE) for box in row):
        part, original = float_part(stylized, box), float_part(content, box, device=stylized.device)
        if detail:
            area = box.grown(DETAIL_MARGIN, *content.shape[-2:])
            fine = fine_luminance(float_part(content, area, device=stylized.device))[..., *box.within(area)]
            part = (part + detail * fine).clamp_(0, 1)
        if preserve_color == "luma":
            part = with_luminance(original, part)
        if share < 1:
            part = torch.lerp(original, part, share)
        if keep is not None:
            part = torch.lerp(part, original, float_part(keep, box, device=stylized.device))
        stylized[..., *box.slices] = like_canvas(stylized, part)
    return stylized
