"""Derivatives of roots of any order, against differences and closed forms."""

import pytest
import torch
from root_gradients import INPUTS, gradient, symmetric_noise
from spectra import log_spaced, orthogonal, relative_error, with_spectrum
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.func import hessian, jacfwd, jacrev, jvp, vmap
from torch.testing import assert_close

from styler.matrix_sqrt import inv_rootm, rootm, sqrtm
from styler.matrix_sqrt.power_sum_equation import solve_power_sum

# torch scripts its own decompositions on the first use of forward mode.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script")
every_order = pytest.mark.parametrize("p", [2, 3, 4, 8])
every_method = pytest.mark.parametrize("method", ["eigh", "newton"])


def closed_form(a: Tensor, grad: Tensor, power: float) -> Tensor:
    """Return the gradient of a^power by divided differences in double precision, of eigenvalues far apart."""
    values, q = torch.linalg.eigh(a.double())
    gaps = values[:, None] - values
    kernel = (values[:, None] ** power - values**power) / gaps.fill_diagonal_(1)
    kernel = kernel + torch.diag(power * values ** (power - 1) - kernel.diagonal())
    return q @ (kernel * (q.mT @ grad.double() @ q)) @ q.mT


@pytest.mark.parametrize("p", [3, 4])
@every_method
@pytest.mark.parametrize("name", INPUTS)
def test_gradients_of_first_and_second_order_are_right(name, method, p):
    a = torch.diag(INPUTS[name].double()).requires_grad_()
    scale = float(1 / INPUTS[name].min())
    step = 1e-6 if scale < 1e3 else 1e-10

    def pair(x):
        return rootm(x, p, method=method), inv_rootm(x, p, method=method)

    assert gradcheck(pair, a, check_forward_ad=True, eps=step, atol=1e-4 * scale**1.5, rtol=1e-3)
    assert gradgradcheck(pair, a, eps=step, atol=1e-3 * scale**2.5, rtol=1e-3, fast_mode=True)


@pytest.mark.parametrize("p", [3, 4])
def test_gradients_of_complex_hermitian_matrices_are_right(p):
    q = orthogonal(3, dtype=torch.complex128)
    a = ((q * torch.tensor([1.0, 1.0, 3.0])) @ q.mH).requires_grad_()

    def pair(x):
        x = (x + x.mH) / 2
        return rootm(x, p), inv_rootm(x, p)

    assert gradcheck(pair, a)
    assert gradgradcheck(pair, a, fast_mode=True)


@every_order
@every_method
@pytest.mark.parametrize("kappa", [1e1, 1e4, 1e8])
def test_gradient_agrees_with_divided_differences(p, method, kappa):
    a, grad = with_spectrum(log_spaced(10, kappa)), symmetric_noise(10)
    for function, power in ((rootm, 1 / p), (inv_rootm, -1 / p)):
        found = gradient(function, a, grad, p=p, method=method)
        assert relative_error(found, closed_form(a, grad, power)) <= 1e-13 * kappa + 1e-11


@every_order
@every_method
def test_gradient_of_the_trace_at_a_deficient_matrix_is_that_on_its_range(p, method):
    b = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    rootm(b @ b.mT, p, method=method).diagonal().sum().backward()
    u, s, vh = torch.linalg.svd(b.detach(), full_matrices=False)
    assert_close(b.grad, u @ torch.diag(2 / p * s ** (2 / p - 1)) @ vh, rtol=0, atol=1e-11)


@every_order
@every_method
def test_gradient_of_the_pseudo_inverse_root_at_constant_rank(p, method):
    b = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    assert gradcheck(lambda x: inv_rootm(x @ x.mT, p, method=method), b, eps=1e-5, atol=1e-5, fast_mode=True)


@every_order
def test_gradient_of_the_zero_matrix_is_zero(p):
    a = torch.zeros(3, 3, requires_grad=True)
    rootm(a, p).sum().backward()
    assert torch.equal(a.grad, torch.zeros(3, 3))


@every_method
def test_ridge_takes_part_in_the_gradient(method):
    a = with_spectrum(torch.tensor([1.0, 0.5, 0.1])).requires_grad_()
    assert gradcheck(lambda x: inv_rootm(x, 4, eps=0.3, method=method), a)


@every_order
def test_jacobians_of_every_mode_agree(p):
    a = torch.stack([with_spectrum(log_spaced(3, 10.0**k), seed=k) for k in range(2)])

    def value(x):
        return inv_rootm(x, p).pow(3).sum()

    assert_close(jacrev(inv_rootm)(a[1], p), jacfwd(inv_rootm)(a[1], p), rtol=1e-8, atol=1e-9)
    second = jacrev(jacrev(value))(a[1])
    assert_close(hessian(value)(a[1]), second, rtol=1e-8, atol=1e-7)
    assert_close(vmap(hessian(value))(a)[1], second, rtol=1e-8, atol=1e-7)


@every_order
def test_directional_derivative_solves_its_equation(p):
    a, direction = with_spectrum(log_spaced(4, 10.0)), symmetric_noise(4)
    root, root_dot = jvp(lambda x: rootm(x, p), (a,), (direction,))
    powers = [torch.linalg.matrix_power(root, k) for k in range(p)]
    total = sum(powers[k] @ root_dot @ powers[p - 1 - k] for k in range(p))
    assert_close(total, direction, rtol=0, atol=1e-12)


def test_third_derivatives_are_right_at_repeated_eigenvalues():
    a, v = with_spectrum(torch.tensor([1.0, 1.0, 0.3])), symmetric_noise(3)
    t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    found, expected = rootm(a + t * v, 4).pow(3).sum(), sqrtm(sqrtm(a + t * v)).pow(3).sum()
    for _ in range(3):
        (found,), (expected,) = (torch.autograd.grad(x, t, create_graph=True) for x in (found, expected))
    assert_close(found, expected, rtol=1e-9, atol=0)


@every_order
def test_the_equation_has_gradients_in_both_arguments(p):
    x = with_spectrum(torch.tensor([1.0, 1.0, 0.4])).requires_grad_()
    c = symmetric_noise(3)[:, [1, 2, 0]].clone().requires_grad_()

    def solution(x, c):
        x = (x + x.mT) / 2
        values, vectors = torch.linalg.eigh(x.detach())
        return solve_power_sum(x, c, vectors, values, p=p)

    assert gradcheck(solution, (x, c), check_forward_ad=True)
    assert gradgradcheck(solution, (x, c))


@every_method
def test_checkpointing_the_root_changes_nothing(method):
    a, grad = with_spectrum(log_spaced(5, 10.0)), symmetric_noise(5)

    def checkpointed(x):
        return torch.utils.checkpoint.checkpoint(lambda y: inv_rootm(y, 4, method=method), x, use_reentrant=False)

    expected = gradient(lambda x: inv_rootm(x, 4, method=method), a, grad)
    assert_close(gradient(checkpointed, a, grad), expected, rtol=1e-13, atol=0)
