import pytest
import torch
from covariance_layers import features
from torch.testing import assert_close

from styler.covariance import (
    DecorrelatedBatchNorm2d,
    coloring_matrix,
    coloring_penalty,
    covariance,
    whitening_penalty,
)


def test_white_features_and_orthogonal_columns_cost_nothing():
    white = DecorrelatedBatchNorm2d(6, groups=2, eps=0, dtype=torch.float64)(features(1, 6, 9, 9).double())
    assert_close(whitening_penalty(white, groups=2), torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-9)
    columns = torch.linalg.qr(torch.randn(3, 4, 4, dtype=torch.float64)).Q * torch.rand(3, 1, 4)
    assert_close(coloring_penalty(columns), torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-12)


def test_penalties_are_sums_of_absolute_entries_averaged_over_items_and_groups():
    x = features(2, 6, 5, 4).double()
    distances = [
        float((torch.cov(part.flatten(1), correction=0) - torch.eye(3)).abs().sum())
        for item in x
        for part in item.chunk(2)
    ]
    assert_close(float(whitening_penalty(x, groups=2)), sum(distances) / 4)
    s = torch.tensor([[2.0, 3.0], [0.0, 4.0]])  # unit columns (1, 0) and (0.6, 0.8)
    assert_close(coloring_penalty(s), torch.tensor(1.2))


def test_a_matrix_without_penalty_is_a_root_of_the_covariance_that_it_makes():
    lengths = torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64)
    u = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    matrix = coloring_matrix(u * lengths)
    assert_close(matrix, matrix.mT)
    assert_close(torch.linalg.eigvalsh(matrix @ matrix), lengths.square().flip(0))


def test_descending_the_penalty_whitens():
    x = features(2, 4, 6, 6).double()
    mixing = torch.eye(4, dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.Adam([mixing], lr=0.02)
    first = float(whitening_penalty(x))
    for _ in range(200):
        optimizer.zero_grad()
        loss = whitening_penalty(torch.einsum("cd,bdhw->bchw", mixing, x))
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < first / 3


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_penalties_are_computed_in_single_precision(dtype):
    x = features(2, 4, 3, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for found in (whitening_penalty(x.to(dtype)), coloring_penalty(covariance(x.flatten(2)).to(dtype))):
            assert found.dtype == torch.float32
            assert found.isfinite()


def test_gradients_agree_with_differences_and_zero_columns_have_one():
    x, s = features(2, 4, 3, 3).double().requires_grad_(), torch.randn(2, 3, 3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: whitening_penalty(y, groups=2), x)
    assert torch.autograd.gradcheck(coloring_penalty, s)
    zero = torch.zeros(2, 2, requires_grad=True)
    coloring_penalty(zero).backward()
    assert zero.grad.isfinite().all()


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"expected s of shape \(\.\.\., n, n\), got \(2, 3\)"):
        coloring_penalty(torch.rand(2, 3))
    with pytest.raises(ValueError, match="expected groups that divide the channels"):
        whitening_penalty(torch.rand(1, 4, 2, 2), groups=3)
