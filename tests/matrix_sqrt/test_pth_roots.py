"""Accuracy and robustness of roots of any order: the table of the square roots, for every order and method."""

from functools import partial

import mpmath
import pytest
import torch
from spectra import log_spaced, orthogonal, relative_error, spectra, unit_round_off, with_spectrum
from torch import Tensor
from torch.func import vmap
from torch.linalg import matrix_power
from torch.testing import assert_close

from styler.matrix_sqrt import inv_rootm, inv_sqrtm, rootm, sqrtm
from styler.matrix_sqrt.pth_root_solving import MAX_ITERATIONS

every_order = pytest.mark.parametrize("p", [2, 3, 4, 8])
every_method = pytest.mark.parametrize("method", ["eigh", "newton"])


def pair(a: Tensor, p: int, **options) -> tuple[Tensor, Tensor]:
    return rootm(a, p, **options), inv_rootm(a, p, **options)


@every_order
@every_method
@pytest.mark.parametrize("kind", ["log", "clustered", "spike"])
@pytest.mark.parametrize("kappa", [1.0, 1e4, 1e10, 1e14])
def test_residuals_are_at_round_off_in_double_precision(p, method, kind, kappa):
    n = 24
    a = with_spectrum(spectra(n, kappa)[kind])
    root, inverse = pair(a, p, method=method)
    u = unit_round_off(a.dtype)
    assert relative_error(matrix_power(root, p), a) <= 2 * p * (n + 8) * u
    assert (matrix_power(inverse, p) @ a - torch.eye(n)).norm() <= 16 * n * u * kappa


@every_order
@every_method
@pytest.mark.parametrize("kappa", [1.0, 1e4, 1e14])
def test_residuals_are_at_round_off_in_single_precision(p, method, kappa):
    n = 48
    a = with_spectrum(log_spaced(n, kappa)).float()
    root, inverse = (x.double() for x in pair(a, p, method=method))
    u = unit_round_off(a.dtype)
    assert relative_error(matrix_power(root, p), a.double()) <= 2 * p * (n + 8) * u
    assert inverse.isfinite().all()
    if kappa <= 1e4:
        assert (matrix_power(inverse, p) @ a.double() - torch.eye(n)).norm() <= 16 * n * u * kappa


@every_method
def test_the_second_root_is_the_square_root(method):
    a = with_spectrum(log_spaced(9, 1e3))
    assert_close(rootm(a, 2, method=method), sqrtm(a), rtol=0, atol=1e-14)
    assert_close(inv_rootm(a, 2, method=method), inv_sqrtm(a), rtol=0, atol=1e-11)


@every_order
@every_method
def test_roots_agree_with_fifty_digits(p, method):
    a = with_spectrum(log_spaced(5, 1e6), seed=3)
    with mpmath.workdps(50):
        values, vectors = mpmath.eigsy(mpmath.matrix(a.tolist()))
        for found, power in ((rootm(a, p, method=method), 1), (inv_rootm(a, p, method=method), -1)):
            exact = vectors * mpmath.diag([v ** (mpmath.mpf(power) / p) for v in values]) * vectors.T
            exact = torch.tensor([[float(exact[i, j]) for j in range(5)] for i in range(5)], dtype=a.dtype)
            assert relative_error(found, exact) <= 1e-9


@every_method
def test_orders_beyond_the_usual_ones(method):
    a = with_spectrum(log_spaced(6, 1e3))
    for p in (5, 6, 7, 12):
        assert_close(matrix_power(rootm(a, p, method=method), p), a, rtol=0, atol=1e-13)


@every_order
@every_method
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_keeps_its_dtype_and_its_accuracy(p, method, dtype):
    a = with_spectrum(log_spaced(16, 20.0)).to(dtype)
    for found, exact in zip(pair(a, p, method=method), pair(a.double(), p), strict=True):
        assert found.dtype == dtype
        assert relative_error(found.double(), exact) <= 2 * unit_round_off(dtype)


@every_order
@every_method
def test_complex_hermitian_roots(p, method):
    q = orthogonal(6, dtype=torch.complex128)
    a = (q * log_spaced(6, 1e3)) @ q.mH
    root, inverse = pair(a, p, method=method)
    assert_close(matrix_power(root, p), a, rtol=0, atol=1e-13)
    assert_close(root, root.mH, rtol=0, atol=1e-13)
    assert_close(inverse @ root, torch.eye(6, dtype=a.dtype), rtol=0, atol=1e-11)


@every_method
@pytest.mark.parametrize("shape", [(0, 4, 4), (2, 3, 4, 4), (1, 1), (0, 0), (3, 0, 0), (0, 1, 1)])
def test_leading_axes_and_empty_batches_are_kept(method, shape):
    eye = torch.eye(shape[-1], dtype=torch.float64)
    for x, factor in zip(pair((16 * eye).expand(shape), 4, method=method), (2, 0.5), strict=True):
        assert_close(x, (factor * eye).expand(shape), rtol=1e-14, atol=1e-14)


@every_method
@pytest.mark.parametrize("p", [2, 4, 8])
@pytest.mark.parametrize("k", [-3, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_power_of_two_passes_to_the_last_bit(method, p, k, dtype):
    a = with_spectrum(log_spaced(7, 1e3)).to(dtype)
    root, inverse = pair(a, p, method=method)
    scaled_root, scaled_inverse = pair(a * 2.0 ** (p * k), p, method=method)
    assert torch.equal(scaled_root, root * 2.0**k)
    assert torch.equal(scaled_inverse, inverse / 2.0**k)


@every_order
@every_method
@pytest.mark.parametrize(
    ("dtype", "size"),
    [(torch.float32, 1e30), (torch.float32, 1e-30), (torch.float64, 1e300), (torch.float64, 1e-300)],
)
def test_extreme_sizes_neither_overflow_nor_vanish(p, method, dtype, size):
    a = with_spectrum(log_spaced(6, 100.0)).to(dtype)
    large = (a * size).requires_grad_()
    root, inverse = pair(large, p, method=method)
    for found, plain, power in zip((root, inverse), pair(a.double(), p), (1, -1), strict=True):
        assert_close(found.double() / size ** (power / p), plain, rtol=1e-3, atol=1e-4)
    (gradient,) = torch.autograd.grad(root.sum(), large)  # that of the inverse root is beyond the range itself
    assert gradient.isfinite().all()


@every_order
@every_method
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rank", [0, 1, 5])
def test_rank_deficient_roots_are_pseudo_inverses_of_each_other(p, method, dtype, rank):
    spectrum = torch.zeros(8, dtype=torch.float64)
    spectrum[:rank] = torch.linspace(1, 2, rank)
    a = with_spectrum(spectrum).to(dtype)
    root, inverse = pair(a, p, method=method)
    projector = with_spectrum((spectrum > 0).double()).to(dtype)
    tolerance = 200 * p * unit_round_off(dtype)
    assert_close(matrix_power(root, p), a, rtol=0, atol=tolerance)
    assert_close(inverse @ root, projector, rtol=0, atol=tolerance)


def test_deficient_says_what_null_eigenvalues_become():
    a = torch.diag(torch.tensor([16.0, 1.0, 0.0], dtype=torch.float64))
    assert_close(inv_rootm(a, 4), torch.diag(a.new_tensor([0.5, 1.0, 0.0])))
    floored = inv_rootm(a, 4, deficient="floor", rank_tol=1e-4)
    assert_close(floored, torch.diag(a.new_tensor([0.5, 1.0, 1.6e-3**-0.25])))
    with pytest.raises(ValueError, match="expected a of full rank"):
        inv_rootm(a, 4, deficient="raise")


@every_method
def test_ridge_is_relative_to_the_mean_eigenvalue_and_bounds_the_inverse(method):
    a = torch.diag(torch.tensor([3.0, 1.0, 0.0], dtype=torch.float64))
    expected = torch.diag(a.new_tensor([3.0 + 4 / 30, 1 + 4 / 30, 4 / 30]) ** -0.25)
    assert_close(inv_rootm(a, 4, eps=0.1, method=method), expected)


@every_order
@every_method
def test_round_off_below_zero_is_accepted_and_more_is_refused(p, method):
    a = with_spectrum(torch.tensor([1.0, 0.5, -1e-9], dtype=torch.float64))
    assert_close(matrix_power(rootm(a, p, method=method), p), a, rtol=0, atol=1e-8)
    assert inv_rootm(a, p, method=method).abs().max() < 2
    for matrix in ([[-1.0, 0.0], [0.0, -1.0]], [[1.0, 2.0], [2.0, 1.0]]):
        a = torch.tensor(matrix)
        with pytest.raises(ValueError, match="expected a positive semidefinite"):
            rootm(a, p, method=method)
        assert rootm(a, p, method=method, check=False).isnan().all()


@every_method
def test_asymmetric_matrices_are_refused(method):
    a = torch.eye(3)
    a[0, 1] = 0.01
    with pytest.raises(ValueError, match="expected a Hermitian"):
        rootm(a, 4, method=method)


@every_order
@every_method
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_an_item_is_the_same_alone_and_beside_any_mate(p, method, bad):
    good = with_spectrum(log_spaced(6, 1e2))
    mates = [torch.zeros(6, 6), good * 1e12, torch.ones(6, 6), torch.full((6, 6), bad)]
    batch = torch.stack([good, *(m.double() for m in mates)]).requires_grad_()
    alone = good.clone().requires_grad_()
    weight = torch.arange(36.0, dtype=torch.float64).reshape(6, 6)
    for x, y in zip(pair(batch, p, method=method), pair(alone, p, method=method), strict=True):
        assert_close(x[0], y, rtol=1e-11, atol=1e-14)
        assert x[:4].isfinite().all()
        assert x[4].isnan().all()
        (found,), (expected,) = (torch.autograd.grad((out * weight).sum(), a) for out, a in ((x, batch), (y, alone)))
        assert_close(found[0], expected, rtol=1e-9, atol=1e-10)
        assert found[:4].isfinite().all()


@every_method
def test_autocast_and_rounded_products_change_nothing(method):
    a = with_spectrum(log_spaced(32, 1e3)).float()
    expected = inv_rootm(a, 4, method=method)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(inv_rootm(a, 4, method=method), expected)
    torch.set_float32_matmul_precision("medium")
    try:
        rounded = inv_rootm(a, 4, method=method)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert_close(rounded.double(), inv_rootm(a.double(), 4), rtol=0, atol=1e-5)


@every_order
@every_method
def test_vmap_equals_the_batch(p, method):
    a = torch.stack([with_spectrum(log_spaced(4, 10.0**k), seed=k) for k in range(3)])
    result = vmap(lambda x: pair(x, p, method=method), in_dims=2)(a.movedim(0, 2))
    for x, y in zip(result, pair(a, p, method=method), strict=True):
        assert_close(x, y, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="positive semidefinite"):
        vmap(lambda x: rootm(x, p, method=method))(-a)


@pytest.mark.slow
def test_compiled_in_one_graph_forward_and_backward(monkeypatch):
    monkeypatch.setitem(MAX_ITERATIONS, torch.float64, 10)  # all of them run, and are compiled
    torch._dynamo.reset()
    root = partial(inv_rootm, p=4, method="newton")  # ends in `eigh`, so that both are compiled
    compiled = torch.compile(root, fullgraph=True, backend="aot_eager")
    good, bad = with_spectrum(log_spaced(4, 10)), -torch.eye(4, dtype=torch.float64)
    results = []
    for function, a in ((compiled, torch.stack([good, bad])), (root, good[None])):
        a = a.requires_grad_()
        inverse = function(a)
        inverse[0].pow(3).sum().backward()
        results.append((inverse, a.grad))
    assert results[0][0][1].isnan().all()
    for x, y in zip(*results, strict=True):
        assert_close(x[0], y[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("a", "p", "options", "message"),
    [
        (torch.ones(3), 4, {}, r"expected a of shape \(\.\.\., n, n\), got \(3,\)"),
        (torch.ones(2, 2, dtype=torch.int64), 4, {}, "floating dtype, got torch.int64"),
        (torch.eye(2), 1, {}, "expected p as a whole number of at least 2, got 1"),
        (torch.eye(2), 2.5, {}, "got 2.5"),
        (torch.eye(2), 4, {"method": "qr"}, "expected method from auto, eigh, newton"),
        (torch.eye(2), 4, {"deficient": "drop"}, "expected deficient from pinv"),
        (torch.eye(2), 4, {"eps": -1.0}, "expected eps of at least 0"),
        (torch.eye(2), 4, {"method": "newton", "rank_tol": 0.1}, "expected method auto or eigh"),
    ],
)
def test_wrong_calls_say_what_was_expected(a, p, options, message):
    for function in (rootm, inv_rootm):
        with pytest.raises(ValueError, match=message):
            function(a, p, **options)


@pytest.mark.parametrize("p", [3, 4, 8])
@pytest.mark.parametrize("kappa", [1e2, 1e4])
def test_the_iteration_needs_no_decomposition_where_the_condition_is_fair(p, kappa, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("decomposed")

    monkeypatch.setattr(torch.linalg, "eigh", refuse)
    a = with_spectrum(log_spaced(48, kappa))
    assert_close(matrix_power(rootm(a, p, method="newton"), p), a, rtol=0, atol=1e-13)
