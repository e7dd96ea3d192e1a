import pytest
import torch

from styler.model.encoder import Conv3x3
from styler.transfer.moments import BLOCK, moments_of
from styler.transfer.whitening import apply_affine, folded, wct_affine


@pytest.fixture
def conv():
    return Conv3x3(6, 3).double().requires_grad_(False)


def features(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64).relu() * torch.arange(1.0, shape[1] + 1).view(-1, 1, 1)


def test_a_folded_map_is_a_map_and_then_the_convolution_each_picture_by_its_own(conv):
    content, style = features(3, 6, 9, 14), features(3, 6, 7, 8)
    affine = wct_affine(moments_of(content), moments_of(style), alpha=0.7)
    torch.testing.assert_close(folded(conv, content, affine), conv(apply_affine(content, affine)))


def test_strips_of_rows_do_not_show(conv):
    content, style = features(1, 6, BLOCK // 6 // 100 + 40, 98), features(1, 6, 7, 8)
    affine = wct_affine(moments_of(content), moments_of(style))
    torch.testing.assert_close(folded(conv, content, affine), conv(apply_affine(content, affine)))


def test_half_precision_is_lost_in_features_alone(conv):
    content, style = features(1, 6, 20, 20).bfloat16(), features(1, 6, 20, 20)
    affine = wct_affine(moments_of(content), moments_of(style.float()))
    found = folded(conv.float(), content, affine)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, conv(apply_affine(content.float(), affine)), rtol=1e-4, atol=1e-4)
