"""A single matrix by `eigh`, scaled and checked with Python floats: a third of the tensor operations."""

import math

import torch
from torch import Tensor

from styler.matrix_sqrt.eigh import default_rank_tol, eigenpairs, spectral_product
from styler.matrix_sqrt.solution import Solution


def single_roots(a: Tensor, rank_tol: float | None, *, root: bool, inverse: bool) -> Solution | None:
    """Return the roots of one matrix of any size; None if it is not exactly Hermitian or not of full rank."""
    largest = largest_entry(a)
    if not (0 < largest < math.inf and torch.equal(a, a.mH)):
        return None
    # As `root_scale`: 2^k with the largest entry in [4^k, 4^(k+1)).
    power = (math.frexp(largest)[1] - 1) // 2
    eigenvalues, vectors = eigenpairs(a if power == 0 else a * 4.0**-power)
    spectrum = eigenvalues.flatten().tolist()
    share = default_rank_tol(eigenvalues) if rank_tol is None else rank_tol
    if not spectrum[0] > share * spectrum[-1]:
        return None
    values = eigenvalues.sqrt() if power == 0 else eigenvalues.sqrt() * 2.0**power
    return Solution(
        spectral_product(vectors, values) if root else None,
        spectral_product(vectors, 1 / values) if inverse else None,
        vectors,
        values,
        full_rank=True,
    )


def largest_entry(a: Tensor) -> float:
    """Return the largest absolute entry, NaN if any is."""
    if a.is_complex():
        return float(a.abs().max())
    low, high = a.aminmax()  # in one pass, and a third of the time of a norm
    return max(-float(low), float(high))
