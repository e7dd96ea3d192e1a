"""Roots that start from those of a nearby matrix: fewer steps, the same accuracy."""

import pytest
import torch
from root_gradients import symmetric_noise
from spectra import log_spaced, relative_error, unit_round_off, with_spectrum
from torch import Tensor
from torch.testing import assert_close

from styler.matrix_sqrt import sqrtm_pair

N = 24


def running_covariances(kappa: float, dtype: torch.dtype, *, steps: int = 6) -> list[Tensor]:
    """Return a matrix and what it becomes as batches are averaged in, a tenth of each."""
    a = with_spectrum(log_spaced(N, kappa))
    found = [a]
    for seed in range(1, steps):
        a = 0.9 * a + 0.1 * with_spectrum(log_spaced(N, kappa), seed=seed)
        found.append(a)
    return [x.to(dtype) for x in found]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kappa", [1e1, 1e3])
def test_a_warm_start_saves_steps_and_never_accuracy(kappa, dtype):
    start, saved = None, []
    for a in running_covariances(kappa, dtype):
        _, _, cold = sqrtm_pair(a, method="minimax", return_info=True)
        root, inverse, warm = sqrtm_pair(a, method="minimax", start=start, return_info=True)
        u = unit_round_off(dtype)
        assert relative_error(root.double() @ root.double(), a.double()) <= 4 * (N + 8) * u
        assert (inverse.double() @ a.double() @ inverse.double() - torch.eye(N)).norm() <= 16 * N * u * kappa
        assert not warm.fell_back
        saved.append(int(cold.iterations - warm.iterations))
        start = root, inverse
    assert saved[0] == 0
    assert min(saved[1:]) >= (2 if dtype == torch.float32 else 5)


WRONG = {
    "identity": lambda a: (torch.eye(N).to(a), torch.eye(N).to(a)),
    "huge": lambda a: (1e20 * torch.eye(N).to(a), 1e20 * torch.eye(N).to(a)),
    "zero": lambda a: (torch.zeros_like(a), torch.zeros_like(a)),
    "nan": lambda a: (torch.full_like(a, torch.nan), torch.full_like(a, torch.nan)),
    "another": lambda a: sqrtm_pair(with_spectrum(log_spaced(N, 2.0), seed=9).to(a)),
    "half precision": lambda a: tuple(x.bfloat16() for x in sqrtm_pair(a)),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("method", ["auto", "minimax", "newton_schulz"])
@pytest.mark.parametrize("kappa", [1e1, 1e5])
def test_a_start_that_is_far_off_costs_no_accuracy(name, method, kappa):
    a = with_spectrum(log_spaced(N, kappa))
    weight = symmetric_noise(N)
    for index in range(2):
        results = []
        for options in ({}, {"start": WRONG[name](a), "method": method}):
            leaf = a.clone().requires_grad_()
            x = sqrtm_pair(leaf, **options)[index]
            results.append((x.detach(), torch.autograd.grad(x, leaf, weight)[0]))
        for found, expected in zip(*results[::-1], strict=True):
            assert relative_error(found, expected) <= 1e-13 * kappa


def test_a_batch_takes_the_steps_of_its_worst_matrix_and_falls_back_where_one_is_singular():
    items = [with_spectrum(log_spaced(N, 1e1)), with_spectrum(log_spaced(N, 1e4))]
    singular = with_spectrum(torch.cat([torch.ones(N - 4), torch.zeros(4)]))
    a = torch.stack([*items, singular])
    start = sqrtm_pair(a)
    root, inverse, info = sqrtm_pair(a, method="minimax", start=start, return_info=True)
    assert info.fell_back.tolist() == [False, False, True]
    assert_close(root @ root, a, rtol=0, atol=1e-13)
    assert_close(inverse[2], sqrtm_pair(singular)[1], rtol=0, atol=1e-12)


def test_one_start_serves_a_batch_and_compiled_code_does_without():
    a = torch.stack(running_covariances(1e1, torch.float64, steps=3))
    start = sqrtm_pair(a[0])
    expected = sqrtm_pair(a)
    torch._dynamo.reset()
    function = torch.compile(lambda x: sqrtm_pair(x, start=start), fullgraph=True, backend="eager")
    for found in (sqrtm_pair(a, method="minimax", start=start), function(a)):
        for x, y in zip(found, expected, strict=True):
            assert_close(x, y, rtol=0, atol=1e-12)


def test_a_start_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected start as root and inverse root of shape \(3, 3\), got"):
        sqrtm_pair(torch.eye(3), start=(torch.eye(2), torch.eye(2)))
