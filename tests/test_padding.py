import pytest
import torch
from conftest import picture

from styler.padding import MULTIPLE, SMALLEST, padded


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 3), (15, 16), (16, 16), (17, 33), (64, 1)])
def test_sizes_become_multiples_and_the_picture_stays(size):
    image = picture(*size)
    result = padded(image)
    assert all(side % MULTIPLE == 0 and side >= SMALLEST for side in result.shape[-2:])
    torch.testing.assert_close(result[..., : size[0], : size[1]], image, rtol=0, atol=0)


def test_a_multiple_is_left_as_it_is():
    image = picture(32, 48)
    assert padded(image) is image


def test_a_flat_picture_stays_flat():
    assert (padded(torch.full((1, 3, 3, 5), 0.25)) == 0.25).all()
