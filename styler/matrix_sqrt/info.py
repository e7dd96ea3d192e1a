"""Diagnostics of computed roots."""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from styler.matrix_sqrt.acceptance import root_residual
from styler.matrix_sqrt.eigh import spectral_product
from styler.matrix_sqrt.lyapunov_equation import root_eigenpairs
from styler.matrix_sqrt.scaling import root_scale, symmetric
from styler.matrix_sqrt.solution import Solution, some


@dataclass(frozen=True, eq=False)
class RootInfo:
    """How well each matrix of the batch was solved; everything has the batch's shape.

    residual: ‖x·x − a‖/‖a‖ in Frobenius norms, of the matrix after its ridge.
    iterations: Steps taken; 0 for a decomposition.
    fell_back: Whether the method missed `tol` and `eigh` took over.

    An iterated method does not know the spectrum: `rank` and `condition` decompose the root when they are read.
    """

    residual: Tensor
    iterations: Tensor
    fell_back: Tensor
    root: Tensor = field(repr=False)
    values: Tensor | None = field(repr=False)

    @cached_property
    def spectrum(self) -> Tensor:
        """Return the eigenvalues of the root, `(..., n)`, zero where they count as null."""
        return root_eigenpairs(self.root)[1] if self.values is None else self.values

    @property
    def rank(self) -> Tensor:
        """Return the number of eigenvalues above the rank tolerance."""
        return (self.spectrum > 0).sum(-1)

    @property
    def condition(self) -> Tensor:
        """Return the ratio of the largest eigenvalue to the least above the rank tolerance; NaN if none is."""
        values = self.spectrum
        if values.shape[-1] == 0:
            return torch.full_like(self.residual, torch.nan)
        least = values.masked_fill(values <= 0, torch.inf).amin(-1)
        return torch.where(least.isfinite(), (values.amax(-1) / least).square(), torch.nan)


def root_info(a: Tensor, solution: Solution) -> RootInfo:
    """Return the diagnostics of the roots of `a`, which includes its ridge."""
    values = None if solution.known is not None else solution.values
    root = solution.root
    if root is None:
        root = spectral_product(some(solution.vectors), some(values))
    root = root.detach()
    if a.shape[-1]:
        scale = root_scale(a)
        residual = root_residual(symmetric(a) / scale**2, root / scale)
    else:
        residual = a.real.new_zeros(a.shape[:-2])
    iterations, fell_back = solution.iterations, solution.fell_back
    if iterations is None or fell_back is None:
        iterations = torch.zeros_like(residual, dtype=torch.int64)
        fell_back = torch.zeros_like(residual, dtype=torch.bool)
    return RootInfo(residual, iterations, fell_back, root, values)
