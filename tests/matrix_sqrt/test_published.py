"""What the papers published, reproduced by the same code, and where their code errs."""

import math

import pytest
import torch
from spectra import log_spaced, relative_error, with_spectrum
from torch.testing import assert_close

from styler.matrix_sqrt import inv_sqrtm, lyapunov, sqrtm


@pytest.mark.parametrize("degree", [1, 2, 5, 8])
@pytest.mark.parametrize("kappa", [10.0, 1e3, 1e6])
def test_one_step_of_mpa_has_the_closed_form_of_its_error(kappa, degree):
    spectrum = log_spaced(8, kappa)
    a = torch.diag(spectrum)
    x = spectrum / a.norm()
    w = ((1 - x.sqrt()) / (1 + x.sqrt())) ** (2 * degree + 1)
    root = sqrtm(a, method="mpa", degree=degree, max_iterations=1).diagonal()
    inverse = inv_sqrtm(a, method="mpa", degree=degree, max_iterations=1).diagonal()
    assert_close(root / spectrum.sqrt() - 1, 2 * w / (1 - w), rtol=1e-12, atol=1e-12)
    assert_close(inverse * spectrum.sqrt() - 1, -2 * w / (1 + w), rtol=1e-12, atol=1e-12)


def test_each_further_step_of_mpa_takes_the_error_to_its_eleventh_power():
    spectrum = log_spaced(8, 1e6)
    a = torch.diag(spectrum)
    w = (1 - (spectrum / a.norm()).sqrt()) / (1 + (spectrum / a.norm()).sqrt())
    for steps in (1, 2, 3):
        root = sqrtm(a, method="mpa", max_iterations=steps).diagonal()
        power = w ** (11**steps)
        assert_close(root / spectrum.sqrt() - 1, 2 * power / (1 - power), rtol=1e-9, atol=1e-9)


def test_taylor_polynomial_at_zero_is_the_central_binomial_coefficient():
    a = torch.diag(torch.tensor([1.0, 0.0], dtype=torch.float64))
    root = sqrtm(a, method="mtp", max_iterations=1)
    assert_close(float(root[1, 1]), math.comb(20, 10) / 4**10, rtol=1e-14, atol=0)
    assert_close(float(root[0, 0]), 1.0, rtol=1e-14, atol=0)


def test_published_root_of_a_large_identity_is_off_where_ours_is_exact():
    identity = torch.eye(512, dtype=torch.float64)
    published = sqrtm(identity, method="mpa", max_iterations=1)
    assert published[0, 0] - 1 > 0.015
    assert torch.equal(sqrtm(identity), identity)


def test_published_root_of_a_feature_like_covariance_is_off_where_ours_is_not():
    a = with_spectrum(log_spaced(64, 1e6))
    published = inv_sqrtm(a, method="mpa", max_iterations=1)
    assert relative_error(published, inv_sqrtm(a)) > 0.4
    ours = inv_sqrtm(a, method="mpa")
    assert (ours @ a @ ours - torch.eye(64)).norm() < 1e-8


@pytest.mark.parametrize(("kappa", "least"), [(1e2, 0.1), (1e3, 0.3), (1e4, 0.6)])
def test_eight_lyapunov_steps_are_not_enough(kappa, least):
    a = with_spectrum(log_spaced(64, kappa))
    grad = torch.randn(64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    grad = grad + grad.mT
    root = sqrtm(a)
    exact = lyapunov(root, grad)
    b, c = root / root.norm(), grad / root.norm()
    for _ in range(8):
        square = b @ b
        c = (c @ (3 * torch.eye(64) - square) - square @ c + b @ c @ b) / 2
        b = b @ (3 * torch.eye(64) - square) / 2
    assert relative_error(c / 2, exact) > least
    assert relative_error(lyapunov(root, grad, method="sign"), exact) < 1e-9
