"""Geometric means and optimal maps by matrix products alone."""

import pytest
import torch
from spectra import log_spaced, relative_error, spectra, unit_round_off, with_spectrum
from torch import Tensor
from torch.testing import assert_close

from styler.matrix_sqrt import geometric_mean, inv_sqrtm, sqrtm, transport


def mean_by_definition(a: Tensor, b: Tensor) -> Tensor:
    root, inverse = sqrtm(a), inv_sqrtm(a)
    return root @ sqrtm(inverse @ b @ inverse) @ root


def covariance_of(count: int, *, n: int = 32, seed: int = 0, grain: float = 0.0) -> Tensor:
    """Return the covariance of `count` samples, computed in single precision: of rank count - 1 but for round-off."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, count, generator=generator).cumsum(0) * torch.logspace(1, -2, n)[:, None]
    x = x + grain * torch.randn(n, count, generator=generator) + 3
    near = x.mean(1, keepdim=True) + 0.1  # one pass about a value near the mean, whose round-off is not semidefinite
    off = (x - near).mean(1, keepdim=True)
    return (x - near) @ (x - near).mT / count - off @ off.mT


def error_of(t: Tensor, a: Tensor, b: Tensor) -> float:
    """Return the deviation of mapped features from those of the exact map, relative to the deviation of b's."""
    exact = transport(a, (b + b.mT) / 2).double()
    difference = t.double() - exact
    return float(
        ((difference @ a.double() * difference).sum() / b.double().trace().clamp_min(1e-30)).clamp_min(0).sqrt()
    )


@pytest.mark.parametrize("kind", ["log", "clustered", "spike"])
@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("n", [1, 3, 32])
def test_mean_is_that_of_its_definition(kind, kappa, n):
    a, b = with_spectrum(spectra(n, kappa)[kind]), with_spectrum(spectra(n, kappa)[kind], seed=1)
    mean = geometric_mean(a, b)
    assert relative_error(mean, mean_by_definition(a, b)) <= 1e-11 * kappa
    assert_close(mean, geometric_mean(b, a), rtol=0, atol=1e-11 * kappa)
    assert_close(mean, mean.mT, rtol=0, atol=1e-15)


def test_mean_of_commuting_matrices_is_the_root_of_their_product():
    a, b = torch.tensor([1.0, 4.0, 9.0]).double(), torch.tensor([16.0, 0.25, 1.0]).double()
    assert_close(geometric_mean(torch.diag(a), torch.diag(b)), torch.diag((a * b).sqrt()), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("n", [2, 16, 128])
def test_map_in_single_precision_is_as_exact_as_the_covariances(kappa, n):
    a, b = (with_spectrum(log_spaced(n, kappa), seed=seed).float() for seed in (0, 1))
    t = transport(a, b, method="products")
    u = unit_round_off(a.dtype)
    assert t.dtype == torch.float32
    assert relative_error(t.double() @ a.double() @ t.double(), b.double()) <= 20 * (n + 8) * u
    assert error_of(t, a, b) <= 8 * u * kappa


@pytest.mark.parametrize("scale", [(1e-12, 1.0), (1.0, 1e-12), (1e15, 1e-15), (1e-30, 1e30)])
def test_scale_of_the_arguments_passes_to_the_map(scale):
    a, b = covariance_of(99, seed=1), covariance_of(99, seed=2)
    scaled = transport(a * scale[0], b * scale[1], method="products")
    assert relative_error(scaled / (scale[1] / scale[0]) ** 0.5, transport(a, b, method="products")) < 1e-4


def test_batches_are_their_items_one_by_one():
    a = torch.stack([covariance_of(99, seed=seed) for seed in range(3)])
    b = torch.stack([covariance_of(count, seed=9) for count in (64, 99, 500)])[:, None]
    for function in (geometric_mean, lambda x, y: transport(x, y, method="products")):
        whole = function(a, b)
        assert whole.shape == (3, 3, 32, 32)
        assert_close(whole[1, 2], function(a[2], b[1, 0]), rtol=1e-3, atol=1e-3)


# Found on these spectra: 5e-4 at most. Three trials with ridges and no extrapolation, as published nowhere, gave 1e-2.
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [2, 3, 5, 9, 20, 31])
def test_map_to_a_singular_covariance_is_near_the_exact_one(count, seed):
    a, b = covariance_of(500, seed=seed, grain=0.3), covariance_of(count, seed=seed + 50)
    assert error_of(transport(a, b, method="products"), a, b) <= 2e-3


# From null directions, known to round-off alone, any map to b is arbitrary: here it is only kept from diverging.
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_map_from_a_singular_covariance_with_a_ridge_is_bounded(count, seed):
    a, b = covariance_of(count, seed=seed), covariance_of(200, seed=seed + 50)
    a = (a + a.mT) / 2 + 1e-5 * torch.eye(32)
    t = transport(a, b, method="products")
    assert float(t.norm()) <= 1.1 * float((b.trace() / 1e-5).sqrt())
    assert relative_error(t @ a @ t, b) <= 0.3


@pytest.mark.parametrize("size", [0.0, 1e-12, 1.0])
def test_map_to_nothing_or_to_one_direction_is_finite(size):
    a, b = covariance_of(99), torch.zeros(32, 32)
    b[4, 4] = size
    t = transport(a, b, method="products")
    assert t.isfinite().all()
    assert float((t @ a @ t - b).abs().max()) <= 1e-5 * size


def test_values_that_are_not_numbers_stay_in_their_matrix():
    b = torch.stack([torch.full((3, 3), torch.nan), torch.eye(3)])
    t = transport(torch.eye(3), b, method="products")
    assert t[0].isnan().all()
    assert_close(t[1], torch.eye(3))


def test_half_precision_keeps_its_dtype():
    a, b = (with_spectrum(log_spaced(8, 10.0), seed=seed).half() for seed in (0, 1))
    t = transport(a, b, method="products")
    assert t.dtype == torch.float16
    assert_close(t.double(), transport(a.double(), b.double()), rtol=2e-2, atol=2e-2)


def test_gradients_shapes_and_methods_that_do_not_exist_are_refused():
    a = torch.eye(2)
    with pytest.raises(ValueError, match="without gradient"):
        transport(a.clone().requires_grad_(), a, method="products")
    with pytest.raises(ValueError, match="of the same size"):
        geometric_mean(a, torch.eye(3))
    with pytest.raises(ValueError, match="expected method eigh or products, got 'svd'"):
        transport(a, a, method="svd")
