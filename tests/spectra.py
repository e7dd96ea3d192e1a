"""Matrices with known spectra, and the methods that every test of the roots runs."""

import pytest
import torch
from torch import Tensor

METHODS = ["auto", "eigh", "svd", "mpa", "mtp", "newton_schulz", "minimax"]
every_method = pytest.mark.parametrize("method", METHODS)


def orthogonal(n: int, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return a random orthogonal (or unitary) matrix."""
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(n, n, dtype=dtype, generator=generator)).Q


def with_spectrum(spectrum: Tensor, *, seed: int = 0) -> Tensor:
    """Return a symmetric matrix in double precision with the given eigenvalues."""
    q = orthogonal(len(spectrum), seed=seed)
    a = (q * spectrum.double()) @ q.mT
    return (a + a.mT) / 2


def log_spaced(n: int, kappa: float) -> Tensor:
    """Return eigenvalues from 1 down to 1/kappa."""
    return torch.logspace(0, -torch.tensor(kappa).log10().item(), n, dtype=torch.float64)


def spectra(n: int, kappa: float) -> dict[str, Tensor]:
    """Return the three shapes of spectrum that iterations find easy, hard and harder."""
    small = torch.full((n,), 1 / kappa, dtype=torch.float64)
    clustered, spike = small.clone(), small.clone()
    clustered[: n // 2] = 1
    spike[0] = 1
    return {"log": log_spaced(n, kappa), "clustered": clustered, "spike": spike}


def unit_round_off(dtype: torch.dtype) -> float:
    """Return u, half the distance from 1 to the next number."""
    return torch.finfo(dtype).eps / 2


def relative_error(x: Tensor, reference: Tensor) -> float:
    """Return the error in the Frobenius norm."""
    return float((x - reference).norm() / reference.norm())
