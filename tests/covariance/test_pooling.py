import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from styler.covariance import CovariancePool2d, upper_triangle
from styler.covariance.hybrid import NEWTON_SCHULZ
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


# From the authors' algorithm (fast-MPN-COV: pre-normalisation by the trace, five steps, their own backward), worked
# out once in double precision for the covariance and the gradient of its root below.
ISQRT_COV = {
    "covariance": [[4, 1, 0], [1, 3, 1], [0, 1, 2]],
    "root": [
        1.98069259763051,
        0.27582704410488,
        -0.02718523160966,
        1.67768032191597,
        0.33019750732421,
        1.37466804620143,
    ],
    "grad": [[1, 2, 0], [2, -1, 1], [0, 1, 3]],
    "gradient": [
        [0.17116049093040, 0.57598717246720, -0.06979826426278],
        [0.57598717246720, -0.44743971418992, 0.27664526722989],
        [-0.06979826426278, 0.27664526722989, 1.02388605107367],
    ],
}


def test_five_newton_schulz_steps_from_the_trace_are_those_of_isqrt_cov():
    a, grad, gradient = (
        torch.tensor(ISQRT_COV[name], dtype=torch.float64) for name in ("covariance", "grad", "gradient")
    )
    expected = torch.tensor([ISQRT_COV["root"]], dtype=torch.float64)
    root = sqrtm(a.requires_grad_(), **NEWTON_SCHULZ)
    assert_close(upper_triangle(root)[None], expected, rtol=0, atol=1e-12)
    (found,) = torch.autograd.grad(root, a, grad)
    assert_close(found, gradient, rtol=0, atol=1e-12)
    # Four corners of a tetrahedron have the identity for their covariance, so that x has a.
    corners = torch.tensor([[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]).double()
    x = (torch.linalg.cholesky(a.detach()) @ corners).view(1, 3, 2, 2)
    assert_close(CovariancePool2d(**NEWTON_SCHULZ)(x), expected, rtol=0, atol=1e-12)


def test_five_steps_from_the_frobenius_norm_are_others():
    a = torch.tensor(ISQRT_COV["covariance"]).double()
    options = {**NEWTON_SCHULZ, "normalize": "frobenius"}
    assert_close(sqrtm(a, **options), published_newton_schulz(a[None])[0])
    assert float((sqrtm(a, **options) - sqrtm(a, **NEWTON_SCHULZ)).abs().max()) > 1e-4


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
