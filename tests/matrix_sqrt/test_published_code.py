"""The published roots are what the papers' equations say, in value and in gradient."""

import pytest
import torch
from root_gradients import daleckii_krein, gradient, symmetric_noise
from spectra import log_spaced, relative_error, with_spectrum
from torch.testing import assert_close

from styler.matrix_sqrt import inv_sqrtm, sqrtm
from styler.matrix_sqrt.published import (
    published_mpa,
    published_mtp,
    published_newton_schulz,
    published_newton_schulz_lyapunov,
)
from styler.matrix_sqrt.published_inverse import (
    published_mpa_inverse,
    published_mtp_inverse,
    published_newton_schulz_inverse,
    published_newton_schulz_lyapunov_inverse,
)
from styler.matrix_sqrt.published_svd import CLIP, published_svd, published_svd_clip, published_svd_power_iteration

ROOTS = [
    (published_mpa, published_mpa_inverse, "mpa", {"max_iterations": 1}),
    (published_mtp, published_mtp_inverse, "mtp", {"max_iterations": 1}),
    (published_newton_schulz, published_newton_schulz_inverse, "newton_schulz", {"max_iterations": 5}),
    (
        published_newton_schulz_lyapunov,
        published_newton_schulz_lyapunov_inverse,
        "newton_schulz",
        {"max_iterations": 5},
    ),
]


@pytest.mark.parametrize(("root", "inverse", "method", "options"), ROOTS)
def test_published_roots_are_what_one_iteration_gives(root, inverse, method, options):
    a = with_spectrum(log_spaced(6, 50.0)).expand(2, 6, 6)
    assert_close(root(a), sqrtm(a, method=method, **options), rtol=0, atol=1e-12)
    assert_close(inverse(a), inv_sqrtm(a, method=method, **options), rtol=0, atol=1e-12)


@pytest.mark.parametrize("degree", [2, 7])
def test_degrees_are_those_of_the_approximant(degree):
    a = with_spectrum(log_spaced(6, 50.0))[None]
    for function, method in ((published_mpa, "mpa"), (published_mtp, "mtp")):
        expected = sqrtm(a, method=method, degree=degree, max_iterations=1)
        assert_close(function(a, degree=degree), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("batch", [1, 3])
def test_enough_lyapunov_steps_of_an_accurate_root_give_the_gradient(batch):
    a, grad = with_spectrum(log_spaced(6, 20.0)), symmetric_noise(6)
    many = {"steps": 30, "lyapunov": 30}
    roots = (published_newton_schulz_lyapunov, False), (published_newton_schulz_lyapunov_inverse, True)
    for function, inverse in roots:
        found = gradient(function, a.expand(batch, 6, 6), grad.expand(batch, 6, 6), **many)
        assert relative_error(found[0], daleckii_krein(a, grad, inverse=inverse)) < 1e-9


def test_one_norm_of_the_whole_batch_makes_a_gradient_depend_on_its_mates():
    a, grad = with_spectrum(log_spaced(6, 20.0)), symmetric_noise(6)
    mates = torch.stack([a, a / 1e4])
    alone = gradient(published_mpa_inverse, a[None], grad[None])[0]
    assert relative_error(gradient(published_mpa_inverse, mates, grad.expand(2, 6, 6))[0], alone) > 0.5


def test_an_asymmetric_weight_makes_a_published_gradient_asymmetric():
    a, weight = with_spectrum(log_spaced(8, 10.0))[None], torch.randn(1, 8, 8, dtype=torch.float64)
    exact = gradient(inv_sqrtm, a, weight)
    assert_close(exact, exact.mT, rtol=0, atol=1e-12)
    assert relative_error(gradient(published_mpa_inverse, a, weight), exact) > 0.5


@pytest.mark.parametrize("power", [0.5, -0.5])
def test_svd_powers_and_their_gradients_are_right_where_eigenvalues_are_far_apart(power):
    a, grad = with_spectrum(torch.tensor([4.0, 1.0, 0.2]))[None], symmetric_noise(3)[None]
    expected = sqrtm(a) if power > 0 else inv_sqrtm(a)
    exact = daleckii_krein(a[0], grad[0], inverse=power < 0)
    for function in (published_svd, published_svd_clip, published_svd_power_iteration):
        assert_close(function(a, power=power), expected, rtol=0, atol=1e-12)
        found = gradient(function, a, grad, power=power)[0]
        assert relative_error((found + found.mT) / 2, exact) < 1e-9


def test_power_iteration_keeps_the_gradient_finite_where_eigenvalues_repeat_and_clipping_keeps_it_small():
    a, grad = torch.eye(3, dtype=torch.float64)[None], symmetric_noise(3)[None]
    assert gradient(published_svd, a, grad).isnan().any()
    assert gradient(published_svd_power_iteration, a, grad).isfinite().all()
    near = torch.diag_embed(a.new_tensor([[1.0, 1e-7, 1e-7 + 1e-13]]))
    assert gradient(published_svd, near, grad).abs().max() > CLIP
    assert gradient(published_svd_clip, near, grad).abs().max() <= CLIP
