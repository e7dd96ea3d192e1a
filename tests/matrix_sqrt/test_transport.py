"""Lyapunov equation, Bures–Wasserstein distance and optimal transport."""

import pytest
import torch
from spectra import log_spaced, orthogonal, with_spectrum
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from styler.matrix_sqrt import bures_wasserstein, lyapunov, sqrtm, transport


def covariance(rank: int, *, n: int = 5, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    factor = torch.randn(n, rank, dtype=torch.float64, generator=generator).to(dtype)
    return factor @ factor.mT / rank


@pytest.mark.parametrize("method", ["eigh", "sign"])
@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e6])
def test_lyapunov_solution_satisfies_its_equation(method, kappa):
    a, c = with_spectrum(log_spaced(8, kappa)), torch.arange(64.0, dtype=torch.float64).reshape(8, 8)
    x = lyapunov(a, c, method=method)
    assert_close(a @ x + x @ a, c, rtol=0, atol=1e-13 * kappa * c.norm().item())


@pytest.mark.parametrize("method", ["eigh", "sign"])
def test_lyapunov_solution_is_zero_between_null_directions(method):
    a = torch.diag(torch.tensor([2.0, 1.0, 0.0, 0.0], dtype=torch.float64))
    x = lyapunov(a, torch.ones_like(a), method=method)
    expected = a.new_tensor([[1 / 4, 1 / 3, 1 / 2, 1 / 2], [1 / 3, 1 / 2, 1, 1], [1 / 2, 1, 0, 0], [1 / 2, 1, 0, 0]])
    assert_close(x, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("method", ["eigh", "sign"])
def test_lyapunov_gradients_of_both_orders_are_right(method):
    a, c = covariance(7).requires_grad_(), orthogonal(5).requires_grad_()
    assert gradcheck(lambda x, y: lyapunov(x @ x.mT, y, method=method), (a, c))
    assert gradgradcheck(lambda x, y: lyapunov(x @ x.mT, y, method=method), (a, c), atol=1e-4)


def test_lyapunov_keeps_extreme_sizes_and_refuses_other_shapes():
    a = torch.eye(2) * 1e-30
    assert_close(lyapunov(a, a), torch.eye(2) / 2)
    assert lyapunov(torch.zeros(3, 0, 0), torch.zeros(3, 0, 0)).shape == (3, 0, 0)
    with pytest.raises(ValueError, match="expected a and c of shapes"):
        lyapunov(torch.eye(2), torch.eye(3))


@pytest.mark.parametrize("ranks", [(5, 5), (5, 2), (2, 5), (2, 3), (1, 1)])
def test_distance_is_that_of_its_definition(ranks):
    a, b = covariance(ranks[0], seed=1), covariance(ranks[1], seed=2)
    root = sqrtm(a)
    # Rank-deficient products lose half the digits in this textbook form.
    expected = a.trace() + b.trace() - 2 * sqrtm(root @ b @ root).trace()
    assert_close(bures_wasserstein(a, b), expected, rtol=1e-6, atol=1e-7)
    assert_close(bures_wasserstein(b, a), bures_wasserstein(a, b), rtol=1e-12, atol=1e-14)


def test_distance_of_commuting_covariances_is_that_of_their_roots():
    a, b = torch.tensor([1.0, 4.0, 0.0, 9.0]), torch.tensor([4.0, 1.0, 1.0, 9.0])
    q = orthogonal(4)
    distance = bures_wasserstein((q * a.double()) @ q.mT, (q * b.double()) @ q.mT)
    assert_close(distance, (a.sqrt() - b.sqrt()).square().sum().double(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rank", [2, 5])
def test_near_covariances_have_a_small_distance_and_not_its_round_off(rank, dtype):
    a = covariance(rank, dtype=dtype)
    assert bures_wasserstein(a, a) <= 1e-16 * a.trace()
    shifted = a * (1 + 2**-10)
    expected = a.double().trace() * ((1 + 2**-10) ** 0.5 - 1) ** 2
    atol = torch.finfo(dtype).eps ** 2 * a.trace().item()
    assert_close(bures_wasserstein(a, shifted).double(), expected, rtol=1e-4, atol=atol)


@pytest.mark.parametrize("ranks", [(7, 7), (7, 2), (2, 7)])
def test_distance_has_the_gradient_of_its_definition(ranks):
    generator = torch.Generator().manual_seed(3)
    factors = [torch.randn(4, r, dtype=torch.float64, generator=generator).requires_grad_() for r in ranks]

    def distance(x, y):
        return bures_wasserstein(x @ x.mT, y @ y.mT)

    assert gradcheck(distance, factors)
    if ranks == (7, 7):
        assert gradgradcheck(distance, factors)


def test_batches_with_singular_members_train_in_single_precision():
    ranks = (1, 8, 16, 40)
    exact = torch.stack([covariance(rank, n=16, seed=rank) for rank in ranks] + [torch.zeros(16, 16).double()])
    target = covariance(40, n=16).expand(5, 16, 16)
    a, b = exact.float().requires_grad_(), target.float()
    distance = bures_wasserstein(a, b)
    distance.sum().backward()
    assert distance.dtype == a.grad.dtype == torch.float32
    assert_close(distance.double(), bures_wasserstein(exact, target), rtol=1e-5, atol=0)
    assert a.grad.isfinite().all()
    alone = a[1].detach().requires_grad_()
    bures_wasserstein(alone, b[1]).backward()
    assert_close(a.grad[1], alone.grad, rtol=1e-5, atol=1e-5)


def test_distance_is_as_large_as_its_arguments():
    a, b = covariance(7, seed=1), covariance(7, seed=2)
    for size in (1e-300, 1e300):
        assert_close(bures_wasserstein(size * a, size * b) / size, bures_wasserstein(a, b))
    assert bures_wasserstein(torch.zeros(2, 0, 0), torch.zeros(2, 0, 0)).shape == (2,)


@pytest.mark.parametrize("ranks", [(7, 7), (7, 2)])
def test_transport_carries_one_covariance_to_the_other(ranks):
    a, b = covariance(ranks[0], seed=1), covariance(ranks[1], seed=2)
    t = transport(a, b)
    assert_close(t @ a @ t, b, rtol=0, atol=1e-9)
    assert_close(t, t.mT, rtol=0, atol=0)
    assert torch.linalg.eigvalsh(t)[0] > -1e-12


def test_transport_to_itself_is_the_identity_and_back_is_the_inverse():
    a, b = covariance(9, seed=1), covariance(9, seed=2)
    identity = torch.eye(5, dtype=a.dtype)
    assert_close(transport(a, a), identity, rtol=0, atol=1e-10)
    assert_close(transport(a, b) @ transport(b, a), identity, rtol=0, atol=1e-9)


def test_transport_is_differentiable():
    a, b = covariance(9, n=3, seed=1).requires_grad_(), covariance(9, n=3, seed=2).requires_grad_()
    assert gradcheck(transport, (a, b))


def test_distance_refuses_other_shapes():
    with pytest.raises(ValueError, match="expected a and b of the same size"):
        bures_wasserstein(torch.eye(2), torch.eye(3))
