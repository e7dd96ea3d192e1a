import pytest
import torch
from torch.testing import assert_close

from styler.covariance import covariance, cross_covariance, upper_triangle


def test_covariance_is_the_biased_one():
    x = torch.randn(2, 3, 4, 9, dtype=torch.float64)
    assert_close(covariance(x)[1, 2], torch.cov(x[1, 2], correction=0))


def test_cross_covariance_is_a_block_of_the_covariance_of_both():
    x, y = torch.randn(2, 4, 9), torch.randn(2, 3, 9)
    assert_close(cross_covariance(x, y), covariance(torch.cat([x, y], dim=1))[:, :4, 4:])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_covariance_is_in_single_precision_whatever_surrounds_it(dtype):
    x = (torch.randn(3, 20) + 100).to(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = covariance(x)
    assert found.dtype == torch.float32
    assert_close(found.double(), torch.cov(x.double(), correction=0), rtol=1e-4, atol=1e-4)


def test_upper_triangle_is_read_row_by_row():
    a = torch.arange(9.0).view(1, 3, 3)
    assert upper_triangle(a).tolist() == [[0, 1, 2, 4, 5, 8]]


@pytest.mark.parametrize("shapes", [((2, 3), (2, 4)), ((2, 0), (2, 0))])
def test_positions_that_differ_or_are_none_are_refused(shapes):
    with pytest.raises(ValueError, match="expected x and y with the same number of positions"):
        cross_covariance(*(torch.rand(shape) for shape in shapes))


def test_only_square_matrices_have_an_upper_triangle():
    with pytest.raises(ValueError, match=r"expected a of shape \(\.\.\., n, n\), got \(2, 3\)"):
        upper_triangle(torch.rand(2, 3))
