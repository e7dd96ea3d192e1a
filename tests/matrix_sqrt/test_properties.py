"""Properties of the roots over random spectra and shapes."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spectra import METHODS, orthogonal
from torch.testing import assert_close

from styler.matrix_sqrt import bures_wasserstein, sqrtm, sqrtm_pair

few = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
exponents = st.lists(st.floats(-6, 0), min_size=1, max_size=9)
every_method = pytest.mark.parametrize("method", METHODS)


def matrix(powers: list[float], seed: int) -> torch.Tensor:
    q = orthogonal(len(powers), seed=seed)
    a = (q * 10 ** torch.tensor(powers, dtype=torch.float64)) @ q.mT
    return (a + a.mT) / 2


@every_method
@few
@given(powers=exponents, seed=st.integers(0, 99), size=st.floats(-200, 200))
def test_root_squared_is_the_matrix_and_inverse_its_inverse(method, powers, seed, size):
    a = matrix(powers, seed) * 10**size
    n = len(powers)
    root, inverse = sqrtm_pair(a, method=method)
    assert (root @ root - a).norm() <= 1e-14 * (n + 8) * a.norm()
    assert (inverse @ (a @ inverse) - torch.eye(n)).norm() <= 1e-13 * n * 10 ** (max(powers) - min(powers))
    assert_close(root, root.mT, rtol=0, atol=1e-14 * root.abs().max().item())
    assert torch.linalg.eigvalsh(root)[0] >= 0


@every_method
@few
@given(powers=exponents, seed=st.integers(0, 99), axes=st.lists(st.integers(0, 3), max_size=3))
def test_leading_axes_do_not_matter(method, powers, seed, axes):
    a = matrix(powers, seed)
    batch = a.expand(*axes, *a.shape).clone()
    root = sqrtm(a, method=method)
    # Two roots with a residual of round-off differ by √κ times it.
    tolerance = 1e-14 * (len(powers) + 8) * 10 ** ((max(powers) - min(powers)) / 2) * root.norm().item()
    assert_close(sqrtm(batch, method=method), root.expand_as(batch), rtol=0, atol=tolerance)


@every_method
@few
@given(powers=exponents, seed=st.integers(0, 99))
def test_gradient_along_the_matrix_is_half_the_root(method, powers, seed):
    a = matrix(powers, seed).requires_grad_()
    root = sqrtm(a, method=method)
    weight = torch.linspace(-1, 1, a.numel(), dtype=a.dtype).reshape(a.shape)
    (gradient,) = torch.autograd.grad((root * weight).sum(), a)
    # f(t·a) = √t·f(a), so its derivative along a is f(a)/2.
    expected = (root.detach() * weight).sum() / 2
    assert_close((gradient * a.detach()).sum(), expected, rtol=0, atol=1e-9 * root.norm().item())


@few
@given(p=exponents, seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)), data=st.data())
def test_distance_is_symmetric_and_bounded(p, seeds, data):
    other = data.draw(st.lists(st.floats(-6, 0), min_size=len(p), max_size=len(p)))
    a, b = matrix(p, seeds[0]), matrix(other, seeds[1])
    distance = bures_wasserstein(a, b)
    assert_close(distance, bures_wasserstein(b, a), rtol=1e-9, atol=1e-14)
    assert 0 <= distance <= a.trace() + b.trace()
