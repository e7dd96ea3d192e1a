"""Derivatives of the roots: every backward runs the same table."""

from itertools import product

import mpmath
import pytest
import torch
from root_gradients import INPUTS, daleckii_krein, gradient, symmetric_noise
from spectra import METHODS, log_spaced, orthogonal, relative_error, with_spectrum
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from styler.matrix_sqrt import inv_sqrtm, inv_sqrtm_apply, sqrtm, sqrtm_pair

# torch scripts its own decompositions on the first use of forward mode.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script")
EXACT = ["auto", "eigh", "lyapunov", "autograd"]
SVD_VARIANTS = ["svd", "svd_trunc", "svd_taylor", "svd_pade"]
every_method = pytest.mark.parametrize("method", METHODS)


@pytest.mark.parametrize("method", ["eigh", "newton_schulz"])
@pytest.mark.parametrize("backward", ["auto", "eigh", "lyapunov"])
@pytest.mark.parametrize("name", INPUTS)
def test_gradients_of_first_and_second_order_are_right(name, backward, method):
    a = torch.diag(INPUTS[name].double()).requires_grad_()

    def pair(x):
        return sqrtm_pair(x, method=method, backward=backward)

    scale = float(1 / INPUTS[name].min())
    step = 1e-6 if scale < 1e3 else 1e-10
    tolerance = {"eps": step, "atol": 1e-4 * scale**1.5, "rtol": 1e-3}
    assert gradcheck(pair, a, check_forward_ad=True, **tolerance)
    assert gradgradcheck(pair, a, eps=step, atol=1e-3 * scale**2.5, rtol=1e-3, fast_mode=True)


@pytest.mark.parametrize("backward", ["auto", "lyapunov"])
def test_gradients_of_complex_hermitian_matrices_are_right(backward):
    q = orthogonal(3, dtype=torch.complex128)
    a = ((q * torch.tensor([1.0, 1.0, 3.0])) @ q.mH).requires_grad_()

    def pair(x):
        return sqrtm_pair((x + x.mH) / 2, backward=backward)

    assert gradcheck(pair, a)
    assert gradgradcheck(pair, a)


@pytest.mark.parametrize("backward", ["auto", "lyapunov"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_along_a_line_match_the_closed_form(order, backward):
    a, v = with_spectrum(torch.tensor([1.0, 1.0, 0.3])), symmetric_noise(3)

    def exact(t):
        values, q = mpmath.eigsy(mpmath.matrix(a.tolist()) + t * mpmath.matrix(v.tolist()))
        root = q * mpmath.diag([mpmath.sqrt(x) for x in values]) * q.T
        return sum(x**3 for x in root)

    def value(t):
        return sqrtm(a + t * v, backward=backward).pow(3).sum()

    t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    derivative = value(t)
    for _ in range(order):
        (derivative,) = torch.autograd.grad(derivative, t, create_graph=True)
    with mpmath.workdps(50):
        expected = float(mpmath.diff(exact, 0, order))
    assert_close(float(derivative.detach()), expected, rtol=1e-9, atol=0)


def is_accurate(backward: str, kappa: float, method: str) -> bool:
    """Return whether a backward is; derivatives of eigenvectors and of many steps are what the others avoid."""
    by_steps = method not in ("auto", "eigh", "svd", "mtp", "mpa") and kappa <= 1e4
    return backward != "autograd" or by_steps


ACCURATE = [one for one in product(EXACT, [1.0, 1e2, 1e4, 1e8], METHODS) if is_accurate(*one)]


@pytest.mark.parametrize(("backward", "kappa", "method"), ACCURATE)
def test_gradient_agrees_with_the_daleckii_krein_kernel(backward, kappa, method):
    a, grad = with_spectrum(log_spaced(12, kappa)), symmetric_noise(12)
    for function, inverse in ((sqrtm, False), (inv_sqrtm, True)):
        result = gradient(function, a, grad, method=method, backward=backward)
        assert relative_error(result, daleckii_krein(a, grad, inverse=inverse)) <= 1e-13 * kappa + 1e-12


@pytest.mark.parametrize("backward", ["auto", "lyapunov"])
@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e4])
def test_single_precision_gradient_is_accurate(kappa, backward):
    a, grad = with_spectrum(log_spaced(48, kappa)).float(), symmetric_noise(48, torch.float32)
    result = gradient(sqrtm, a, grad, backward=backward)
    assert relative_error(result.double(), daleckii_krein(a, grad)) <= 1e-6 * kappa**0.5 + 5e-6


@pytest.mark.parametrize("backward", ["auto", "lyapunov", *SVD_VARIANTS, "svd_topn", "svd_newton"])
@pytest.mark.parametrize("k", [-50, 50])
def test_a_power_of_four_passes_to_the_last_bit_of_the_gradient(backward, k):
    a, grad = with_spectrum(torch.tensor([4.0, 2.0, 1.0, 0.1])).float(), symmetric_noise(4, torch.float32)
    for function, power in ((sqrtm, 1), (inv_sqrtm, -1)):
        expected = gradient(function, a, grad, backward=backward)
        result = gradient(function, a * 4.0**k, grad * 2.0 ** (-power * k), backward=backward)
        assert torch.equal(result, expected / 4.0**k)


@pytest.mark.parametrize("variant", SVD_VARIANTS)
def test_svd_gradients_are_right_where_eigenvalues_are_far_apart(variant):
    a, grad = with_spectrum(torch.tensor([4.0, 2.0, 1.0, 0.1])), symmetric_noise(4)
    for function, inverse in ((sqrtm, False), (inv_sqrtm, True)):
        result = gradient(function, a, grad, method="svd", backward=variant)
        assert relative_error(result, daleckii_krein(a, grad, inverse=inverse)) <= 1e-12


def test_svd_gradients_differ_where_eigenvalues_repeat():
    a, grad = torch.eye(3, dtype=torch.float64), symmetric_noise(3)
    assert gradient(sqrtm, a, grad, backward="svd").isnan().any()
    for variant in ("svd_trunc", "svd_taylor", "svd_pade"):
        off_diagonal = gradient(sqrtm, a, grad, backward=variant).fill_diagonal_(0)
        assert off_diagonal.abs().max() < 1e-6
    assert_close(gradient(sqrtm, a, grad), grad / 2, rtol=1e-14, atol=0)


def test_topn_gradient_drops_the_smallest_eigenvalues():
    a, grad = torch.diag(torch.arange(1.0, 11.0, dtype=torch.float64)), torch.ones(10, 10).double()
    result = gradient(sqrtm, a, grad, backward="svd_topn")
    assert result[0, 5] == result[5, 0] == 0
    assert_close(result[1:, 1:], daleckii_krein(a, grad)[1:, 1:])


def test_newton_gradient_is_that_of_five_steps():
    a, grad = with_spectrum(torch.tensor([1.0, 0.5, 0.4])), symmetric_noise(3)
    expected = gradient(sqrtm, a, grad, method="newton_schulz", max_iterations=5, backward="autograd")
    result = gradient(sqrtm, a, grad, method="svd", backward="svd_newton")
    assert_close(result, (expected + expected.mT) / 2, rtol=1e-12, atol=1e-12)
    assert_close(sqrtm(a, method="svd", backward="svd_newton"), sqrtm(a), rtol=0, atol=1e-14)


@every_method
@pytest.mark.parametrize("shape", [(6, 2), (4, 4), (3, 7)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradient_of_the_nuclear_norm_is_the_polar_factor(dtype, shape, method):
    b = torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(1)).requires_grad_()
    sqrtm(b @ b.mT, method=method).diagonal().sum().backward()
    u, _, vh = torch.linalg.svd(b.detach(), full_matrices=False)
    assert_close(b.grad, u @ vh, rtol=0, atol=2e-12 if dtype == torch.float64 else 2e-3)


@pytest.mark.parametrize("backward", ["auto", "lyapunov"])
def test_gradient_of_the_pseudo_inverse_root_at_constant_rank(backward):
    b = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert gradcheck(lambda x: inv_sqrtm(x @ x.mT, backward=backward), b.requires_grad_(), eps=1e-5, atol=1e-6)


@every_method
def test_gradient_of_the_zero_matrix_is_zero(method):
    a = torch.zeros(3, 3, requires_grad=True)
    sqrtm(a, method=method).sum().backward()
    assert torch.equal(a.grad, torch.zeros(3, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("function", [sqrtm, inv_sqrtm, lambda a, **options: sum(sqrtm_pair(a, **options))])
def test_a_single_matrix_without_options_is_solved_as_with_them(function, dtype):
    results = []
    for options in ({}, {"method": "eigh"}):
        a = (4 * with_spectrum(log_spaced(6, 1e2)).to(dtype)).requires_grad_()
        root = function(a, **options)
        (first,) = torch.autograd.grad(root, a, symmetric_noise(6, dtype), create_graph=True)
        (second,) = torch.autograd.grad(first, a, symmetric_noise(6, dtype))
        a.grad = None
        function(a, **options).backward(symmetric_noise(6, dtype))
        results.append((root, first, second, a.grad))
    for found, expected in zip(*results, strict=True):
        assert torch.equal(found, expected)


def test_only_what_was_used_takes_part_in_the_gradient():
    a = with_spectrum(log_spaced(5, 10.0)).requires_grad_()
    for index, function in ((0, sqrtm), (1, inv_sqrtm)):
        (expected,) = torch.autograd.grad(function(a).sum(), a)
        (result,) = torch.autograd.grad(sqrtm_pair(a)[index].sum(), a)
        assert_close(result, expected, rtol=1e-13, atol=0)


def test_ridge_takes_part_in_the_gradient():
    a = with_spectrum(torch.tensor([1.0, 0.5, 0.1])).requires_grad_()
    assert gradcheck(lambda x: sqrtm_pair(x, eps=0.3), a)


def test_applied_inverse_root_has_both_gradients():
    a = with_spectrum(torch.tensor([1.0, 0.5, 0.1])).requires_grad_()
    b = symmetric_noise(3)[:, :2].requires_grad_()
    assert gradcheck(inv_sqrtm_apply, (a, b))


@pytest.mark.parametrize("backward", ["auto", "eigh", "lyapunov"])
@every_method
def test_backward_modifies_neither_inputs_nor_saved_tensors(method, backward):
    a, grad = with_spectrum(log_spaced(5, 10.0)).requires_grad_(), symmetric_noise(5)
    before = a.detach().clone(), grad.clone()
    root = sqrtm(a, method=method, backward=backward)
    value = root.detach().clone()
    first, second = (torch.autograd.grad(root, a, grad, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(root, value)
    assert torch.equal(a, before[0])
    assert torch.equal(grad, before[1])
