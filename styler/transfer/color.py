"""What of a photograph stays as it was: its colours, or parts of it. Images are RGB in [0, 1], `(B, 3, H, W)`."""

import torch
from torch import Tensor

from styler.choices import PreserveColor
from styler.images.pixels import luminance
from styler.transfer.canvas import float_part, like_canvas
from styler.transfer.moments import Moments, RunningMoments, moments_of
from styler.transfer.tiling import grid
from styler.transfer.whitening import apply_affine, transport_affine

TILE = 1024
"""Side of the parts in which pixels are converted, so that a large picture is not in memory as floats."""

EPS = 1e-5
"""Ridge on the covariance of colours: less than one step of 8 bits."""


def with_luminance(images: Tensor, other: Tensor) -> Tensor:
    """Return the pictures in their own chroma, with the luminance of the other ones."""
    return (images + luminance(other) - luminance(images)).clamp(0, 1)


def recolored(images: Tensor, colors: Moments) -> Tensor:
    """Return the pictures in other colours: mean and covariance become those given, each colour moving the least."""
    images = images.expand(len(colors.mean), -1, -1, -1)
    return apply_affine(images, transport_affine(moments_of(images), colors, eps=EPS)).clamp(0, 1)


def colors_of(samples: Tensor) -> Moments:
    """Return mean and covariance of RGB of each picture `(B, 3, H, W)`, floats in [0, 1] or integers at full scale."""
    total = RunningMoments()
    for box in (box for row in grid(samples.shape[-2], samples.shape[-1], TILE) for box in row):
        part = float_part(samples, box)
        total.add(moments_of(part), part[0, 0].numel())
    if total.moments is None:
        raise ValueError(f"expected pixels, got {tuple(samples.shape)}")
    return total.moments


def finished(
    stylized: Tensor, content: Tensor, *, preserve_color: PreserveColor = "none", keep: Tensor | None = None
) -> Tensor:
    """Return the stylized pictures, changed in place, with what stays of the content.

    Args:
        stylized: Floats in [0, 1] or integers at full scale, `(B, 3, H, W)`.
        content: The same, of the same size.
        preserve_color: "luma" takes the luminance alone from `stylized`.
        keep: Where the content stays, `(1, 1, H, W)`, on the same scale.
    """
    if preserve_color != "luma" and keep is None:
        return stylized
    for box in (box for row in grid(stylized.shape[-2], stylized.shape[-1], TILE) for box in row):
        part, original = float_part(stylized, box), float_part(content, box, device=stylized.device)
        if preserve_color == "luma":
            part = with_luminance(original, part)
        if keep is not None:
            part = torch.lerp(part, original, float_part(keep, box, device=stylized.device))
        stylized[..., box.top : box.bottom, box.left : box.right] = like_canvas(stylized, part)
    return stylized
