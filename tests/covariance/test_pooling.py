import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from styler.covariance import CovariancePool2d, upper_triangle
from styler.matrix_sqrt import sqrtm
from styler.matrix_sqrt.published import published_newton_schulz

META_LAYERS = ["svd_pade", "svd_taylor", "svd_trunc", "svd_topn", "svd_newton"]


def reference(x: Tensor) -> Tensor:
    """Return the root's upper triangle by the singular values of the centred features, in float64."""
    pooled = []
    for item in x.double().flatten(2):
        u, s, _ = torch.linalg.svd(item - item.mean(1, keepdim=True), full_matrices=False)
        root = u @ torch.diag(s / item.shape[1] ** 0.5) @ u.T
        pooled.append(torch.stack([root[i, j] for i in range(len(root)) for j in range(i, len(root))]))
    return torch.stack(pooled)


@pytest.mark.parametrize("shape", [(2, 5, 6, 7), (2, 8, 1, 3), (3, 4, 1, 1)])
def test_pooled_features_equal_a_plain_reference(shape):
    x = torch.randn(shape)
    assert_close(CovariancePool2d()(x).double(), reference(x), rtol=1e-3, atol=1e-3)
    assert_close(CovariancePool2d()(x.double()), reference(x), rtol=1e-6, atol=1e-7)


def test_a_scale_goes_through():
    x = torch.randn(2, 4, 5, 5)
    assert_close(CovariancePool2d()(1e4 * x), 1e4 * CovariancePool2d()(x), rtol=1e-4, atol=1)


def test_leading_axes_are_kept():
    x = torch.randn(2, 3, 4, 5, 5)
    assert_close(CovariancePool2d()(x), CovariancePool2d()(x.flatten(0, 1)).unflatten(0, (2, 3)))


def test_five_newton_schulz_steps_are_those_of_isqrt_cov():
    x = torch.randn(2, 4, 5, 6, dtype=torch.float64)
    layer = CovariancePool2d(method="newton_schulz", max_iterations=5, backward="autograd")
    covariances = torch.stack([torch.cov(item, correction=0) for item in x.flatten(2)])
    assert_close(layer(x), upper_triangle(published_newton_schulz(covariances)))


@pytest.mark.parametrize("backward", META_LAYERS)
def test_meta_layers_are_accurate_forward_and_near_the_gradient_backward(backward):
    x = torch.randn(2, 4, 5, 6, dtype=torch.float64)
    outputs, grads = [], []
    for layer in (CovariancePool2d(), CovariancePool2d(method="svd", backward=backward)):
        leaf = x.clone().requires_grad_()
        outputs.append(layer(leaf))
        grads.append(torch.autograd.grad(outputs[-1].sum(), leaf)[0])
    assert_close(outputs[0], outputs[1])
    # exact but for Newton, which differentiates five steps that have not converged
    assert_close(grads[0], grads[1], rtol=0, atol=0.2 * float(grads[0].abs().max()) if "newton" in backward else 1e-8)


def test_the_plain_svd_gradient_is_nan_where_eigenvalues_repeat():
    x = torch.randn(1, 6, 1, 3, requires_grad=True)
    CovariancePool2d(method="svd", backward="svd")(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isnan().any()


def test_the_ridge_is_relative_to_the_mean_variance():
    x = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    ridged = torch.cov(x[0].flatten(1), correction=0)
    ridged = ridged + 0.1 * ridged.trace() / 3 * torch.eye(3)
    assert_close(CovariancePool2d(eps=0.1)(x), upper_triangle(sqrtm(ridged))[None])
