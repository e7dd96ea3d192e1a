"""Warm starts: the roots of a similar matrix give a lower bound of the spectrum, so that fewer steps are needed.

The iterates themselves cannot be reused. A coupled iteration converges to a root of `a` only from commuting
iterates; from those of another matrix the error between eigenvectors grows by κ^(1/2)/4 a step.
"""

import math

import torch
from torch import Tensor

from styler.matrix_sqrt.acceptance import spectral_norm
from styler.matrix_sqrt.iteration import frobenius_norm
from styler.matrix_sqrt.tracing import traced

MARGIN = 4.0
"""How much smaller the least eigenvalue may have become. Below that, no steps are saved, or `eigh` takes over."""

Start = tuple[Tensor, Tensor]


def check_start(start: Start, a: Tensor) -> None:
    """Raise unless `start` is a root and an inverse root of matrices shaped as those of `a`."""
    shapes = [tuple(t.shape) for t in start]
    if len(shapes) != 2 or any(shape[-2:] != a.shape[-2:] for shape in shapes):
        raise ValueError(f"expected start as root and inverse root of shape {tuple(a.shape)}, got {shapes}")


def known_share(start: Start) -> float | None:
    """Return where the eigenvalues of a/‖a‖ begin, of the worst matrix of a batch; None where that is not known.

    Compiled code cannot read values, so nothing is known.
    """
    if traced(start[0]) or start[0].numel() == 0:
        return None
    root, inverse = (t.detach().to(torch.promote_types(t.dtype, torch.float32)) for t in start)
    condition = float((frobenius_norm(root @ root) * spectral_norm(inverse).square()).amax())  # of ‖a‖·‖a⁻¹‖
    return 1 / (MARGIN * condition) if 1 / MARGIN < condition < math.inf else None
