"""The whitening and coloring transform: features take on the mean and covariance of a style's.

The transform of a picture is one matrix, computed from moments, so it costs the same at any size.
Features are `(B, C, H, W)`.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from styler.matrix_sqrt import Method, inv_sqrtm, sqrtm
from styler.moments import Moments, moments_of, positions

EPS = 1e-5
"""Ridge on the content's covariance, in squared activation units: the encoder's channels have mean one over
natural pictures, so what varies by less than about 0.3 % of that is rounding noise, and is not amplified."""


class Affine(NamedTuple):
    """A map of features, x ↦ matrix · (x - center) + target: matrix `(B, C, C)`, center and target `(B, C)`.

    `residual` is the larger relative residual of the two roots in it, `(B,)`.
    """

    matrix: Tensor
    center: Tensor
    target: Tensor
    residual: Tensor


def wct(content: Tensor, style: Tensor, alpha: float = 1.0, *, method: Method = "auto", eps: float = EPS) -> Tensor:
    """Return the content's features with the style's mean and covariance, `(B, C, H, W)`.

    Args:
        content: Features, `(B, C, H, W)`.
        style: Features of any size, `(B, C, H', W')` or `(1, C, H', W')`.
        alpha: Strength, from 0 (the content's features come back) to 1.
        method: How roots are computed, see `styler.matrix_sqrt`.
        eps: Ridge on the content's covariance, in squared activation units.

    Raises:
        ValueError: If the features aren't 4-dimensional or differ in channels.
    """
    if content.ndim != 4 or style.ndim != 4 or content.shape[1] != style.shape[1]:
        expected = "expected content and style (B, C, H, W) with the same C"
        raise ValueError(f"{expected}, got {tuple(content.shape)} and {tuple(style.shape)}")
    affine = wct_affine(moments_of(content), moments_of(style), alpha=alpha, method=method, eps=eps)
    return apply_affine(content, affine)


def wct_affine(
    content: Moments, style: Moments, *, alpha: float = 1.0, method: Method = "auto", eps: float = EPS
) -> Affine:
    """Return the map that gives features with moments `content` the moments `style`, at strength `alpha`.

    Reference:
        Li et al., Universal Style Transfer (2017), eq. 2 and 3. arXiv:1705.08086. Unlike them we keep every
        eigenvalue, above a ridge: dropping the small ones makes the result jump from picture to picture.
    """
    fine = torch.float32 if content.mean.device.type == "mps" else torch.float64  # MPS has no finer one
    identity = torch.eye(content.mean.shape[-1], dtype=fine, device=content.mean.device)
    ridged = content.covariance.to(fine) + eps * identity
    round_off = torch.finfo(content.covariance.dtype).eps ** 0.5  # what the moments carry, not what `fine` could
    whitening, content_root = inv_sqrtm(ridged, method=method, round_off=round_off, return_info=True)
    coloring, style_root = sqrtm(style.covariance.to(fine), method=method, round_off=round_off, return_info=True)
    with torch.autocast(identity.device.type, enabled=False):
        matrix = torch.lerp(identity, coloring @ whitening, alpha).to(content.mean.dtype)
    target = torch.lerp(content.mean, style.mean, alpha)
    return Affine(matrix, content.mean, target, torch.maximum(content_root.residual, style_root.residual))


def apply_affine(features: Tensor, affine: Affine) -> Tensor:
    """Return the mapped features, in their own precision.

    The product is taken in the moments' precision: whitening amplifies some directions a hundredfold, and in
    half precision the rounding of the others would drown them. In blocks that fit the cache this is free.
    """
    matrix, center, target = affine.matrix.mT, affine.center.unsqueeze(-2), affine.target.unsqueeze(-2)
    with torch.autocast(features.device.type, enabled=False):
        mapped = (((x.to(matrix) - center) @ matrix + target).to(features) for x in positions(features))
        if torch.is_grad_enabled():
            result = torch.cat(list(mapped), dim=1)
        else:  # the blocks beside the whole would take the features' memory once more
            result = torch.empty_like(features.flatten(2).mT, memory_format=torch.contiguous_format)
            for place, block in zip(positions(result.mT), mapped, strict=True):
                place.copy_(block)
    return result.mT.unflatten(2, features.shape[2:])
