"""The whitening and coloring transform: it gives features the mean and covariance of a style's features.

The transform of a picture is one matrix, computed from moments, so it costs the same at any size.
Features are `(B, C, H, W)`.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import Method, Transform
from styler.matrix_sqrt import RootInfo, inv_sqrtm, sqrtm
from styler.model.encoder import Conv3x3
from styler.transfer.moments import BLOCK, Moments, moments_of, positions

EPS = 1e-5
"""Ridge on the content's covariance, in squared activation units: the encoder's channels have mean one over
natural pictures, so variation below about 0.3 % of that is rounding noise, which must not be amplified."""


class Affine(NamedTuple):
    """A map of features, x ↦ matrix · (x - center) + target: matrix `(B, C, C)`, center and target `(B, C)`.

    `residual` is the larger relative residual of the two roots in it, `(B,)`, and `fell_back` says whether one of them
    missed its tolerance, so that `eigh` took over, `(B,)`.
    """

    matrix: Tensor
    center: Tensor
    target: Tensor
    residual: Tensor
    fell_back: Tensor


def wct(content: Tensor, style: Tensor, alpha: float = 1.0, *, method: Method = "auto", eps: float = EPS) -> Tensor:
    """Return the content's features with the style's mean and covariance, `(B, C, H, W)`.

    Args:
        content: Features, `(B, C, H, W)`.
        style: Features of any size, `(B, C, H', W')` or `(1, C, H', W')`.
        alpha: Strength, from 0 (the content's features, unchanged) to 1.
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
    whitening, root = inv_sqrtm(_ridged(content, eps), method=method, round_off=_round_off(content), return_info=True)
    coloring, *quality = _coloring(style, method)
    with torch.autocast(whitening.device.type, enabled=False):
        matrix = coloring @ whitening
    return _blended(matrix, content, style, alpha, *_worse(root, *quality))


def _worse(info: RootInfo, residual: Tensor, fell_back: Tensor) -> tuple[Tensor, Tensor]:
    """Return the larger residual of two roots, and whether one of them fell back."""
    return torch.maximum(info.residual, residual), info.fell_back | fell_back


def _coloring(style: Moments, method: Method) -> tuple[Tensor, Tensor, Tensor]:
    """Return the root of the style's covariance, its residual, and whether it fell back; computed once."""
    if method in style.roots:
        return style.roots[method]
    wanted = style.covariance.to(_fine(style))
    root, info = sqrtm(wanted, method=method, round_off=_round_off(style), return_info=True)
    if not (root.requires_grad or root.is_inference()):  # a graph serves once, an inference tensor no gradient
        style.roots[method] = root, info.residual, info.fell_back
    return root, info.residual, info.fell_back


def _round_off(moments: Moments) -> float:
    return torch.finfo(moments.covariance.dtype).eps ** 0.5  # what the moments carry, not what `_fine` could


def transport_affine(
    content: Moments, style: Moments, *, alpha: float = 1.0, method: Method = "auto", eps: float = EPS
) -> Affine:
    """Return the map to the same moments that moves features the least, on average over positions.

    Colours and strokes land nearer to where the photograph has like ones than with `wct_affine`. With the style's
    root r and the content's covariance c it is r·(r·c·r)^(-1/2)·r: one inverse root, as there.

    Reference:
        Dowson & Landau (1982); for style transfer, Lu et al., A Closed-Form Solution to Universal Style
        Transfer (2019), eq. 8. arXiv:1906.00668
    """
    root, *quality = _coloring(style, method)
    with torch.autocast(root.device.type, enabled=False):
        common = root @ _ridged(content, eps) @ root
        inverse, info = inv_sqrtm(common, method=method, round_off=_round_off(content), return_info=True)
        matrix = root @ inverse @ root
    return _blended(matrix, content, style, alpha, *_worse(info, *quality))


def adain_affine(
    content: Moments, style: Moments, *, alpha: float = 1.0, method: Method = "auto", eps: float = EPS
) -> Affine:
    """Return the map that gives each channel by itself the style's mean and variance; it needs no root of a matrix.

    Reference:
        Huang & Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization (2017),
        eq. 8. arXiv:1703.06868
    """
    found, wanted = (x.diagonal(dim1=-2, dim2=-1) for x in (_ridged(content, eps), style.covariance.to(_fine(style))))
    wanted = wanted.clamp_min(torch.finfo(wanted.dtype).tiny)  # at 0, of a flat channel, a root has no gradient
    matrix = (wanted / found).sqrt().diag_embed()
    exact = matrix.new_zeros(matrix.shape[0])
    return _blended(matrix, content, style, alpha, exact, exact > 0)


TRANSFORMS: dict[Transform, Callable[..., Affine]] = {
    "transport": transport_affine,
    "wct": wct_affine,
    "adain": adain_affine,
}


def root_precision(device: torch.device) -> torch.dtype:
    """Return the precision in which roots are computed on a device."""
    return torch.float32 if device.type == "mps" else torch.float64  # MPS has no finer one


def _fine(moments: Moments) -> torch.dtype:
    return root_precision(moments.mean.device)


def _ridged(moments: Moments, eps: float) -> Tensor:
    covariance = moments.covariance.to(_fine(moments))
    return covariance + eps * torch.eye(covariance.shape[-1], dtype=covariance.dtype, device=covariance.device)


def _blended(
    matrix: Tensor, content: Moments, style: Moments, alpha: float, residual: Tensor, fell_back: Tensor
) -> Affine:
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    matrix = torch.lerp(identity, matrix, alpha).to(content.mean.dtype)
    return Affine(matrix, content.mean, torch.lerp(content.mean, style.mean, alpha), residual, fell_back)


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
        else:  # without a second copy of the features in memory
            result = torch.empty_like(features.flatten(2).mT, memory_format=torch.contiguous_format)
            for place, block in zip(positions(result.mT), mapped, strict=True):
                place.copy_(block)
    return result.mT.unflatten(2, features.shape[2:])


def apply_affines(features: Tensor, affines: Sequence[Affine | None], shares: Tensor | None) -> Tensor:
    """Return the features mapped by each of the maps, in the shares `(R, 1, H, W)` of their regions."""
    if shares is None:
        (only,) = affines
        return features if only is None else apply_affine(features, only)
    parts = (share * apply_affine(features, x) for share, x in zip(shares, affines, strict=True) if x is not None)
    return torch.stack(tuple(parts)).sum(0).to(features.dtype)


def folded(conv: Conv3x3, features: Tensor, affine: Affine) -> Tensor:
    """Return the convolution of the mapped features `(B, C, H, W)`, in the map's precision.

    Exact up to rounding, at the border too, since reflection commutes with a map of each position.
    """
    items = zip(features.split(1), affine.matrix, affine.center, affine.target, strict=True)
    return torch.cat([_folded(conv, *item) for item in items])


def _folded(conv: Conv3x3, features: Tensor, matrix: Tensor, center: Tensor, target: Tensor) -> Tensor:
    weight = conv.weight.to(matrix)
    bias = conv.bias.to(matrix) + weight.sum((2, 3)) @ (target - matrix @ center)
    weight = torch.einsum("oikl,ij->ojkl", weight, matrix).contiguous(memory_format=torch.channels_last)
    x = F.pad(features, (1, 1, 1, 1), mode="reflect")
    rows = max(1, BLOCK // x[0, :, 0].numel())  # in strips of rows, since all of them in float32 would be large
    strips = (x[..., top : top + rows + 2, :].to(weight) for top in range(0, features.shape[-2], rows))
    return torch.cat([F.conv2d(strip, weight, bias) for strip in strips], dim=-2)
