"""Covariances of features, and the upper triangles of symmetric matrices: the first and last steps of every layer.

Regardless of autocast and of the features' precision, covariances are computed in float32 or finer:
in half precision their small eigenvalues would be round-off.
"""

import torch
from torch import Tensor

from styler.matrix_sqrt.arguments import check_tensor
from styler.matrix_sqrt.precision import without_autocast


def covariance(x: Tensor) -> Tensor:
    """Return the covariance across positions, divided by N, `(..., C, C)`.

    Args:
        x: Features, `(..., C, N)`, any floating dtype. With one position the covariance is zero.

    Raises:
        ValueError: If x is not a tensor, or has no position.
    """
    return cross_covariance(x, x)


def cross_covariance(x: Tensor, y: Tensor) -> Tensor:
    """Return the covariance of two sets of features over the same positions, divided by N, `(..., C, D)`.

    Args:
        x: Features, `(..., C, N)`.
        y: Features, `(..., D, N)`.

    Raises:
        ValueError: If x or y is not a tensor, there is no position, or the positions differ.
    """
    check_tensor(x, name="x")
    check_tensor(y, name="y")
    if x.shape[-1] != y.shape[-1] or not x.shape[-1]:
        shapes = f"{tuple(x.shape)} and {tuple(y.shape)}"
        raise ValueError(f"expected x and y with the same number of positions N, 1 or more, got {shapes}")
    with without_autocast(x):
        return centered(x) @ centered(y).mT / x.shape[-1]


def centered(x: Tensor) -> Tensor:
    """Return features `(..., C, N)` with mean zero over positions."""
    x = in_full_precision(x)
    return x - x.mean(-1, keepdim=True)


def in_full_precision(x: Tensor) -> Tensor:
    """Return x in float32, or finer where it is."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def with_ridge(a: Tensor, eps: float) -> Tensor:
    """Return a + eps·1."""
    return a + eps * torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)


def upper_triangle(a: Tensor) -> Tensor:
    """Return the upper triangle row by row, `(..., n·(n + 1)/2)`: the distinct entries of a symmetric matrix.

    Args:
        a: Square matrices, `(..., n, n)`.

    Raises:
        ValueError: If they are not a tensor of square matrices.
    """
    check_tensor(a, name="a")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"expected a of shape (..., n, n), got {tuple(a.shape)}")
    rows, columns = torch.triu_indices(a.shape[-1], a.shape[-1], device=a.device)
    return a[..., rows, columns]


def grouped(x: Tensor, groups: int) -> Tensor:
    """Return features `(B, C, H, W)` as `(B, groups, C/groups, H·W)`.

    Raises:
        ValueError: If the features are not a tensor, have other axes, or the groups do not divide their channels.
    """
    check_tensor(x, name="x")
    if x.ndim != 4:
        raise ValueError(f"expected x of shape (B, C, H, W), got {tuple(x.shape)}")
    if groups < 1 or x.shape[1] % groups:
        raise ValueError(f"expected groups that divide the channels, got groups={groups} for {x.shape[1]} channels")
    return x.flatten(2).unflatten(1, (groups, -1))
