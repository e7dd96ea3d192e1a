"""Accuracy and robustness of the roots: every method runs the same table."""

import mpmath
import pytest
import torch
from spectra import every_method, log_spaced, orthogonal, relative_error, spectra, unit_round_off, with_spectrum
from torch.testing import assert_close

from styler.matrix_sqrt import eigh, inv_sqrtm, inv_sqrtm_apply, single, sqrtm, sqrtm_pair


@every_method
@pytest.mark.parametrize("kind", ["log", "clustered", "spike"])
@pytest.mark.parametrize("kappa", [1.0, 1e4, 1e10, 1e14])
@pytest.mark.parametrize("n", [2, 32])
def test_residuals_are_at_round_off_in_double_precision(method, kind, kappa, n):
    a = with_spectrum(spectra(n, kappa)[kind])
    root, inverse = sqrtm_pair(a, method=method)
    u = unit_round_off(a.dtype)
    assert relative_error(root @ root, a) <= 4 * (n + 8) * u
    assert (inverse @ a @ inverse - torch.eye(n)).norm() <= 16 * n * u * kappa
    alone = sqrtm(a, method=method)
    assert relative_error(alone @ alone, a) <= 4 * (n + 8) * u


@every_method
@pytest.mark.parametrize("kappa", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("n", [16, 64])
def test_residuals_are_at_round_off_in_single_precision(method, kappa, n):
    a = with_spectrum(log_spaced(n, kappa)).float()
    root, inverse = (x.double() for x in sqrtm_pair(a, method=method))
    u = unit_round_off(a.dtype)
    assert relative_error(root @ root, a.double()) <= 4 * (n + 8) * u
    assert (inverse @ a.double() @ inverse - torch.eye(n)).norm() <= 16 * n * u * kappa


@every_method
@pytest.mark.parametrize("kappa", [1e7, 1e14])
def test_single_precision_stays_finite_and_exact_beyond_its_own_range(method, kappa):
    a = with_spectrum(log_spaced(64, kappa)).float()
    root, inverse = sqrtm_pair(a, method=method)
    assert relative_error(root.double() @ root.double(), a.double()) <= 300 * unit_round_off(a.dtype)
    assert inverse.isfinite().all()


@every_method
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_keeps_its_dtype_and_its_accuracy(method, dtype):
    a = with_spectrum(log_spaced(16, 20.0)).to(dtype)
    root, inverse = sqrtm_pair(a, method=method)
    assert root.dtype == inverse.dtype == dtype
    exact, exact_inverse = sqrtm_pair(a.double())
    assert relative_error(root.double(), exact) <= 2 * unit_round_off(dtype)
    assert relative_error(inverse.double(), exact_inverse) <= 2 * unit_round_off(dtype)


def test_rank_deficient_half_precision_is_accepted():
    b = torch.randn(16, 5, generator=torch.Generator().manual_seed(0))
    a = (b @ b.mT).bfloat16()
    assert relative_error(sqrtm(a).float() @ sqrtm(a).float(), a.float()) <= 0.02


@every_method
@pytest.mark.parametrize("n", [1, 3, 64, 512])
def test_root_of_the_identity_is_the_identity(method, n):
    identity = torch.eye(n)
    root, inverse = sqrtm_pair(identity, method=method)
    assert_close(root, identity, rtol=0, atol=4 * torch.finfo(torch.float32).eps)
    assert_close(inverse, identity, rtol=0, atol=4 * torch.finfo(torch.float32).eps)


@every_method
def test_root_of_a_diagonal_matrix_is_the_root_of_its_entries(method):
    d = torch.tensor([4.0, 9.0, 0.25, 1e-6], dtype=torch.float64)
    root, inverse = sqrtm_pair(torch.diag(d), method=method)
    assert_close(root, torch.diag(d.sqrt()), rtol=1e-12, atol=1e-14)
    assert_close(inverse, torch.diag(d.rsqrt()), rtol=1e-9, atol=1e-11)


@every_method
@pytest.mark.parametrize("n", [3, 8])
@pytest.mark.parametrize("kappa", [1e2, 1e8])
def test_root_agrees_with_fifty_digits(method, n, kappa):
    a = with_spectrum(log_spaced(n, kappa), seed=3)
    with mpmath.workdps(50):
        values, vectors = mpmath.eigsy(mpmath.matrix(a.tolist()))
        exact = vectors * mpmath.diag([mpmath.sqrt(v) for v in values]) * vectors.T
        exact = torch.tensor([[float(exact[i, j]) for j in range(n)] for i in range(n)], dtype=a.dtype)
    # The condition of the root itself is √κ/2.
    assert relative_error(sqrtm(a, method=method), exact) <= 16 * n * unit_round_off(a.dtype) * kappa**0.5


@pytest.mark.skipif(not hasattr(torch.linalg, "matrix_sqrth"), reason="torch has no matrix_sqrth")
@every_method
def test_root_agrees_with_torch(method):
    a = with_spectrum(log_spaced(20, 1e6))
    assert_close(sqrtm(a, method=method), torch.linalg.matrix_sqrth(a), rtol=0, atol=1e-12)


@every_method
def test_complex_hermitian_roots(method):
    q = orthogonal(6, dtype=torch.complex128)
    a = (q * log_spaced(6, 1e3)) @ q.mH
    root, inverse = sqrtm_pair(a, method=method)
    assert_close(root @ root, a, rtol=0, atol=1e-14)
    assert_close(root, root.mH, rtol=0, atol=1e-14)
    assert_close(inverse @ a @ inverse, torch.eye(6, dtype=a.dtype), rtol=0, atol=1e-11)


@every_method
@pytest.mark.parametrize("shape", [(0, 4, 4), (2, 3, 4, 4), (1, 1), (0, 0), (3, 0, 0), (0, 1, 1)])
def test_leading_axes_and_empty_batches_are_kept(method, shape):
    eye = torch.eye(shape[-1], dtype=torch.float64)
    a = (4 * eye).expand(shape)
    for x, factor in zip(sqrtm_pair(a, method=method), (2, 0.5), strict=True):
        assert_close(x, (factor * eye).expand(shape), rtol=1e-14, atol=1e-14)


@every_method
def test_expanded_and_transposed_inputs_are_read_and_not_written(method):
    a = with_spectrum(log_spaced(5, 10.0))
    views = [a.mT, a.expand(3, 5, 5), a.repeat(2, 1, 1).permute(1, 2, 0).movedim(2, 0)]
    for view in views:
        before = view.clone()
        assert_close(sqrtm(view, method=method), sqrtm(a, method=method).expand_as(view), rtol=0, atol=1e-14)
        assert torch.equal(view, before)


@every_method
@pytest.mark.parametrize("k", [-9, 3, 20])
def test_a_power_of_four_passes_to_the_last_bit(method, k):
    a = with_spectrum(log_spaced(7, 1e3)).float()
    root, inverse = sqrtm_pair(a, method=method)
    scaled_root, scaled_inverse = sqrtm_pair(a * 4.0**k, method=method)
    assert torch.equal(scaled_root, root * 2.0**k)
    assert torch.equal(scaled_inverse, inverse / 2.0**k)


@every_method
@pytest.mark.parametrize(
    ("dtype", "size"),
    [(torch.float32, 1e30), (torch.float32, 1e-30), (torch.float64, 1e300), (torch.float64, 1e-300)],
)
def test_extreme_sizes_neither_overflow_nor_vanish(method, dtype, size):
    a = with_spectrum(log_spaced(6, 100.0)).to(dtype)
    large = (a * size).requires_grad_()
    root, inverse = sqrtm_pair(large, method=method)
    assert_close(root.double(), sqrtm(a.double()) * size**0.5, rtol=1e-4, atol=1e-6 * size**0.5)
    assert_close(inverse.double(), inv_sqrtm(a.double()) / size**0.5, rtol=1e-3, atol=1e-4 / size**0.5)
    root.sum().backward()
    assert large.grad.isfinite().all()


@every_method
def test_roots_turn_with_their_matrix(method):
    a, q = with_spectrum(log_spaced(9, 1e3)), orthogonal(9, seed=5)
    turned = q @ a @ q.mT
    assert_close(sqrtm(turned, method=method), q @ sqrtm(a, method=method) @ q.mT, rtol=0, atol=1e-13)


@every_method
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rank", [0, 1, 4, 7])
def test_rank_deficient_roots_are_pseudo_inverses_of_each_other(method, dtype, rank):
    spectrum = torch.zeros(8, dtype=torch.float64)
    spectrum[:rank] = torch.linspace(1, 2, rank)
    a = with_spectrum(spectrum).to(dtype)
    root, inverse = sqrtm_pair(a, method=method)
    tolerance = 200 * unit_round_off(dtype)
    assert_close(root @ root, a, rtol=0, atol=tolerance)
    assert_close(inverse @ a @ inverse @ inverse, inverse, rtol=0, atol=tolerance)
    assert_close(inverse @ inverse @ a @ a, a, rtol=0, atol=tolerance)


@every_method
def test_the_zero_matrix_has_zero_roots(method):
    for x in sqrtm_pair(torch.zeros(2, 3, 3), method=method):
        assert torch.equal(x, torch.zeros(2, 3, 3))


def test_deficient_says_what_null_eigenvalues_become():
    a = torch.diag(torch.tensor([4.0, 1.0, 0.0], dtype=torch.float64))
    assert_close(inv_sqrtm(a, deficient="pinv"), torch.diag(a.new_tensor([0.5, 1.0, 0.0])))
    floored = inv_sqrtm(a, deficient="floor", rank_tol=1e-4)
    assert_close(floored, torch.diag(a.new_tensor([0.5, 1.0, 50.0])))
    with pytest.raises(ValueError, match="expected a of full rank"):
        inv_sqrtm(a, deficient="raise")
    assert_close(sqrtm(a, rank_tol=0.5), torch.diag(a.new_tensor([2.0, 0.0, 0.0])))


def test_ridge_is_relative_to_the_mean_eigenvalue():
    a = torch.diag(torch.tensor([3.0, 1.0], dtype=torch.float64))
    assert_close(sqrtm(a, eps=0.5), torch.diag(a.new_tensor([4.0, 2.0]).sqrt()))


@every_method
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ridge_bounds_the_inverse_root_of_dead_and_of_redundant_channels(method, dtype):
    spectrum = torch.cat([log_spaced(12, 1e3), torch.zeros(4, dtype=torch.float64)])
    a = with_spectrum(spectrum)
    # Smaller than what single precision can tell from zero beside the largest eigenvalue.
    eps = 1e-6
    inverse = inv_sqrtm(a.to(dtype), method=method, eps=eps)
    ridge = eps * a.trace() / 16
    expected = with_spectrum((spectrum + ridge).rsqrt())
    assert relative_error(inverse.double(), expected) <= (0.5 if dtype == torch.float32 else 1e-8)
    assert torch.linalg.eigvalsh(inverse.double())[-1] <= 1.001 * ridge.rsqrt()


@every_method
def test_round_off_below_zero_is_accepted(method):
    a = with_spectrum(torch.tensor([1.0, 0.5, -1e-9], dtype=torch.float64))
    root, inverse = sqrtm_pair(a, method=method)
    assert_close(root @ root, a, rtol=0, atol=1e-8)
    assert inverse.abs().max() < 2


@every_method
@pytest.mark.parametrize("matrix", [[[-1.0, 0.0], [0.0, -1.0]], [[1.0, 2.0], [2.0, 1.0]]])
def test_indefinite_matrices_are_refused(method, matrix):
    a = torch.tensor(matrix)
    with pytest.raises(ValueError, match="expected a positive semidefinite"):
        sqrtm(a, method=method)
    assert sqrtm(a, method=method, check=False).isnan().all()


@every_method
def test_asymmetric_matrices_are_refused(method):
    a = torch.eye(3)
    a[0, 1] = 0.01
    with pytest.raises(ValueError, match="expected a Hermitian"):
        sqrtm(a, method=method)
    a[0, 1] = 1e-5
    assert_close(sqrtm(a, method=method), torch.eye(3), rtol=0, atol=1e-4)


@every_method
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_an_item_is_the_same_alone_and_beside_any_mate(method, bad):
    good = with_spectrum(log_spaced(6, 1e2))
    mates = [torch.zeros(6, 6), good * 1e12, torch.ones(6, 6), torch.full((6, 6), bad)]
    batch = torch.stack([good, *(m.double() for m in mates)]).requires_grad_()
    alone = good.clone().requires_grad_()
    weight = torch.arange(36.0, dtype=torch.float64).reshape(6, 6)
    roots, expected = sqrtm_pair(batch, method=method), sqrtm_pair(alone, method=method)
    for x, y in zip(roots, expected, strict=True):
        assert_close(x[0], y, rtol=1e-12, atol=0)
        assert x[:4].isfinite().all()
        assert x[4].isnan().all()
    sum((x * weight).sum() for x in roots).backward()
    sum((x * weight).sum() for x in expected).backward()
    assert_close(batch.grad[0], alone.grad, rtol=1e-10, atol=1e-10)
    assert batch.grad[:4].isfinite().all()


@every_method
def test_a_number_that_is_none_is_confined_in_a_batch_of_numbers(method):
    root = sqrtm(torch.tensor([4.0, torch.nan, torch.inf]).reshape(3, 1, 1), method=method)
    assert root.isfinite().flatten().tolist() == [True, False, False]


@every_method
def test_info_tells_residual_rank_and_condition_of_each_item(method):
    a = torch.stack([with_spectrum(log_spaced(6, 1e2)), torch.eye(6, dtype=torch.float64)])
    _, _, info = sqrtm_pair(a, method=method, return_info=True)
    assert info.residual.shape == info.rank.shape == info.iterations.shape == info.fell_back.shape == (2,)
    assert (info.residual < 1e-14).all()
    assert info.rank.tolist() == [6, 6]
    assert_close(info.condition, a.new_tensor([1e2, 1.0]), rtol=1e-6, atol=0)
    assert not info.fell_back.any()


@pytest.mark.parametrize("method", ["mpa", "mtp", "newton_schulz", "minimax"])
def test_an_iterated_root_is_decomposed_when_its_rank_is_read_and_not_before(method, monkeypatch):
    decompositions = []
    decompose = torch.linalg.eigh
    monkeypatch.setattr(torch.linalg, "eigh", lambda a: decompositions.append(a) or decompose(a))
    a = with_spectrum(log_spaced(6, 1e2)).requires_grad_()
    root, info = sqrtm(a, method=method, return_info=True)
    root.sum().backward()
    assert info.residual < 1e-14
    assert not decompositions
    assert (info.rank, len(decompositions)) == (6, 1)


def test_the_inverse_root_and_its_gradient_form_no_root(monkeypatch):
    products = []
    form = eigh.spectral_product
    for module in (eigh, single):
        monkeypatch.setattr(module, "spectral_product", lambda q, s: products.append(s) or form(q, s))
    a = with_spectrum(log_spaced(6, 1e2)).requires_grad_()
    for matrices in (a, a.expand(2, 6, 6)):
        inv_sqrtm(matrices).sum().backward()
    assert len(products) == 2


@pytest.mark.parametrize("method", ["mpa", "mtp", "newton_schulz", "minimax"])
def test_iterations_hand_over_what_they_cannot_solve(method):
    a = torch.stack([with_spectrum(log_spaced(6, 1e2)), with_spectrum(torch.tensor([1.0] * 3 + [0.0] * 3))])
    _, _, info = sqrtm_pair(a, method=method, return_info=True)
    assert info.fell_back.tolist() == [False, True]
    assert info.rank.tolist() == [6, 3]
    assert (info.residual < 1e-14).all()


@pytest.mark.parametrize("method", ["mpa", "mtp", "newton_schulz"])
def test_a_loose_tolerance_saves_iterations(method):
    a = with_spectrum(log_spaced(16, 1e3))
    _, tight = sqrtm(a, method=method, return_info=True)
    _, loose = sqrtm(a, method=method, tol=1e-2, return_info=True)
    assert loose.iterations < tight.iterations
    assert loose.residual <= 1e-2


@pytest.mark.parametrize("steps", [1, 3, 60])
def test_newton_schulz_never_returns_what_comes_after_divergence(steps):
    a = with_spectrum(log_spaced(8, 1e7)).float()
    root = sqrtm(a, method="newton_schulz", max_iterations=steps)
    assert relative_error(root @ root, a) < 1


@every_method
@pytest.mark.parametrize("columns", [0, 1, 3, 9])
def test_applying_the_inverse_root_equals_multiplying_by_it(method, columns):
    a = torch.stack([with_spectrum(log_spaced(6, 1e2)), 3 * torch.eye(6, dtype=torch.float64)])
    b = torch.randn(2, 6, columns, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = inv_sqrtm(a) @ b
    assert_close(inv_sqrtm_apply(a, b, method=method), expected, rtol=0, atol=1e-12)
    with torch.no_grad():
        assert_close(inv_sqrtm_apply(a, b, method=method), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("a", "options", "message"),
    [
        (torch.ones(3), {}, r"expected a of shape \(\.\.\., n, n\), got \(3,\)"),
        (torch.ones(2, 3), {}, r"got \(2, 3\)"),
        (torch.ones(2, 2, dtype=torch.int64), {}, "floating dtype, got torch.int64"),
        (torch.eye(2), {"method": "qr"}, "expected method from auto"),
        (torch.eye(2), {"deficient": "drop"}, "expected deficient from pinv"),
        (torch.eye(2), {"backward": "none"}, "expected backward from auto"),
        (torch.eye(2), {"eps": -1.0}, "expected eps of at least 0"),
        (torch.eye(2), {"max_iterations": 0}, "expected max_iterations of at least 1"),
        (torch.eye(2), {"method": "mpa", "rank_tol": 0.1}, "expected method auto, eigh or svd"),
    ],
)
def test_wrong_calls_say_what_was_expected(a, options, message):
    with pytest.raises(ValueError, match=message):
        sqrtm(a, **options)


def test_double_precision_steps_in_where_lapack_gives_up_in_single(monkeypatch):
    a = with_spectrum(log_spaced(6, 10)).float()
    expected = sqrtm_pair(a)
    decompose = torch.linalg.eigh

    def gives_up(matrix):
        if matrix.dtype == torch.float32:
            raise torch.linalg.LinAlgError("the algorithm failed to converge")
        return decompose(matrix)

    monkeypatch.setattr(torch.linalg, "eigh", gives_up)
    assert_close(sqrtm_pair(a), expected, rtol=1e-5, atol=1e-5)
