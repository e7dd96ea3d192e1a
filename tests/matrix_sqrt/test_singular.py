"""Singular and nearly singular matrices: no silent wrong gradient, and no fallback without need."""

import pytest
import torch
from root_gradients import daleckii_krein, gradient, symmetric_noise
from spectra import METHODS, log_spaced, relative_error, spectra, with_spectrum
from torch import Tensor

from styler.covariance import CovariancePool2d
from styler.matrix_sqrt import inv_sqrtm, lyapunov, sqrtm, sqrtm_pair
from styler.matrix_sqrt.acceptance import spectral_norm

# torch scripts its own decompositions on the first use of forward mode.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script")
every_method = pytest.mark.parametrize("method", METHODS)
every_iteration = pytest.mark.parametrize("method", ["mpa", "mtp", "newton_schulz", "minimax"])
both_dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def factor(n: int, rank: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return b, `(n, rank)`, of the singular b·bᵀ."""
    return torch.randn(n, rank, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def singular_gradient(b: Tensor, grad: Tensor) -> Tensor:
    """Return the gradient of the root of b·bᴴ, zero between null directions, by the kernel in double precision."""
    double = torch.complex128 if b.is_complex() else torch.float64
    b = b.to(double)
    values, q = torch.linalg.eigh(b @ b.mH)
    s = values.masked_fill(torch.arange(len(values)) < len(values) - b.shape[-1], 0).sqrt()
    sums = s[:, None] + s
    return q @ ((q.mH @ grad.to(double) @ q) / sums.masked_fill(sums == 0, torch.inf)) @ q.mH


@every_method
@both_dtypes
@pytest.mark.parametrize("backward", ["auto", "lyapunov"])
@pytest.mark.parametrize(("n", "rank"), [(8, 1), (16, 8), (32, 24), (64, 32)])
def test_gradient_of_a_singular_root_is_right_at_every_seed(method, backward, dtype, n, rank):
    factors = [factor(n, rank, seed, dtype) for seed in range(12)]
    grad = symmetric_noise(n, dtype)
    a = torch.stack([b @ b.mT for b in factors])
    found = gradient(sqrtm, a, grad.expand_as(a), method=method, backward=backward)
    for b, result in zip(factors, found.double(), strict=True):
        assert relative_error(result, singular_gradient(b, grad)) <= 1000 * torch.finfo(dtype).eps


@every_method
@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
@pytest.mark.parametrize(("n", "rank"), [(8, 1), (33, 20)])
def test_gradient_of_a_singular_complex_root_is_right_at_every_seed(method, dtype, n, rank):
    factors = [factor(n, rank, seed, dtype) for seed in range(6)]
    noise = factor(n, n, 7, dtype)
    grad = noise + noise.mH
    a = torch.stack([b @ b.mH for b in factors])
    found = gradient(sqrtm, a, grad.expand_as(a), method=method)
    for b, result in zip(factors, found.to(torch.complex128), strict=True):
        assert relative_error(result, singular_gradient(b, grad)) <= 1000 * torch.finfo(dtype).eps


@every_method
def test_gradient_of_the_trace_is_right_where_the_iterate_looked_converged(method):
    torch.manual_seed(12)
    b = torch.randn(64, 32)
    expected = inv_sqrtm(b.double() @ b.double().mT, rank_tol=1e-6) / 2
    assert relative_error(gradient(sqrtm, b @ b.mT, torch.eye(64), method=method).double(), expected) < 1e-5


@every_iteration
def test_a_batch_of_regular_and_singular_matrices_has_every_gradient_right(method):
    b, regular = factor(16, 5, 0), with_spectrum(log_spaced(16, 1e4))
    grad = symmetric_noise(16)
    a = torch.stack([regular, b @ b.mT, regular])
    found = gradient(sqrtm, a, grad.expand_as(a), method=method)
    expected = [daleckii_krein(regular, grad), singular_gradient(b, grad), daleckii_krein(regular, grad)]
    for result, wanted in zip(found, expected, strict=True):
        assert relative_error(result, wanted) < 1e-10


@every_iteration
def test_derivatives_of_such_a_batch_are_right_in_both_modes(method):
    b = torch.stack([factor(4, 2, 0), factor(4, 7, 1)[:, :2], torch.eye(4)[:, :2]]).requires_grad_()
    ridge = torch.tensor([0.0, 1.0, 0.0]).double()[:, None, None] * torch.eye(4)

    def pair(x):
        return sqrtm_pair(x @ x.mT + ridge, method=method)

    assert torch.autograd.gradcheck(pair, b, eps=1e-5, atol=1e-5, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(lambda x: pair(x)[1], b, eps=1e-5, atol=1e-4, fast_mode=True)


@every_method
def test_pooled_features_of_few_positions_have_the_gradient_of_double_precision(method):
    x = torch.randn(2, 64, 7, 7)
    grads = []
    for leaf, layer in ((x.clone(), CovariancePool2d(method=method)), (x.double(), CovariancePool2d())):
        layer(leaf.requires_grad_()).square().sum().backward()
        grads.append(leaf.grad.double())
    assert relative_error(*grads) < 1e-4


@pytest.mark.parametrize("method", ["eigh", "sign"])
@both_dtypes
def test_lyapunov_solution_of_a_singular_matrix_is_at_round_off(method, dtype):
    spectrum = torch.cat([torch.linspace(0.2, 1, 12), torch.zeros(12)]).double()
    a, c = with_spectrum(spectrum), symmetric_noise(24)
    q = torch.linalg.eigh(a)[1]
    values = spectrum.sort()[0]
    sums = values[:, None] + values
    expected = q @ ((q.mT @ c @ q) / sums.masked_fill(sums == 0, torch.inf)) @ q.mT
    found = lyapunov(a.to(dtype), c.to(dtype), method=method)
    assert relative_error(found.double(), expected) <= 100 * torch.finfo(dtype).eps


@every_iteration
@pytest.mark.parametrize("kind", ["log", "clustered", "spike"])
@pytest.mark.parametrize(("dtype", "n", "kappa"), [(torch.float32, 128, 1e4), (torch.float64, 128, 1e10)])
def test_a_regular_matrix_needs_no_fallback(method, kind, dtype, n, kappa):
    a = with_spectrum(spectra(n, kappa)[kind]).to(dtype)
    root, _, info = sqrtm_pair(a, method=method, return_info=True)
    assert not info.fell_back
    assert relative_error(root @ root, a) <= 2 * (n + 8) * torch.finfo(dtype).eps


@pytest.mark.parametrize("kind", ["log", "clustered", "spike"])
@pytest.mark.parametrize("n", [2, 33, 256])
def test_norm_is_estimated_to_a_third(kind, n):
    a = torch.stack([with_spectrum(spectra(n, 1e4)[kind], seed=seed) for seed in range(3)])
    estimate = spectral_norm(a).flatten()
    assert (estimate <= 1 + 1e-12).all()
    assert (estimate > 1 / 1.3).all()
    assert spectral_norm(torch.zeros(2, n, n)).tolist() == [[[0.0]], [[0.0]]]


@pytest.mark.parametrize("kappa", [1e5, 1e6])
def test_float32_keeps_the_eigenvalues_that_it_knows(kappa):
    a, grad = with_spectrum(log_spaced(64, kappa)).float(), symmetric_noise(64, torch.float32)
    assert relative_error(gradient(sqrtm, a, grad).double(), daleckii_krein(a, grad)) < 0.1
