import pytest
import torch
from samples import picture

from styler.transfer import transparency
from styler.transfer.tiling import Box
from styler.transfer.transparency import sampled, weighted_by_alpha, with_hidden_filled


def half_hidden(height: int, width: int) -> torch.Tensor:
    alpha = torch.ones(1, 1, height, width)
    alpha[..., width // 2 :] = 0
    return alpha


def test_an_opaque_picture_is_left_alone():
    image = picture(20, 30)
    assert with_hidden_filled(image, None) is image
    assert with_hidden_filled(image, torch.full((1, 1, 20, 30), 0.01)) is image


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.uint16])
def test_visible_pixels_stay_to_the_bit_and_hidden_ones_take_their_colors(dtype):
    image = torch.rand(1, 3, 90, 200) * 0.2 + torch.tensor([0.1, 0.4, 0.7]).view(1, 3, 1, 1)
    image[..., 100:] = 1
    image = image if dtype.is_floating_point else (image * torch.iinfo(dtype).max).to(torch.int32).to(dtype)
    filled = with_hidden_filled(image, half_hidden(90, 200))
    assert filled.dtype == dtype
    assert filled[..., :100].equal(image[..., :100])
    full = 1 if dtype.is_floating_point else torch.iinfo(dtype).max
    colors = filled[..., 100:].float() / full
    torch.testing.assert_close(colors.mean((0, 2, 3)), torch.tensor([0.2, 0.5, 0.8]), rtol=0, atol=0.03)
    assert colors.std((0, 2, 3)).max() < 0.05


def test_what_is_hidden_does_not_reach_the_filled_picture(monkeypatch):
    alpha = half_hidden(70, 90)
    one, other = picture(70, 90), picture(70, 90)
    other[..., 45:] = 0.9
    filled = with_hidden_filled(one, alpha)
    assert filled.equal(with_hidden_filled(other, alpha))
    monkeypatch.setattr(transparency, "TILE", 32)
    torch.testing.assert_close(with_hidden_filled(one, alpha), filled, rtol=0, atol=1e-5)


def test_nothing_visible_is_filled_with_one_color():
    filled = with_hidden_filled(picture(20, 30), torch.zeros(1, 1, 20, 30))
    assert filled.unique().numel() == 1


def test_parts_of_the_coarse_picture_fit_together():
    coarse = torch.rand(1, 3, 5, 7)
    whole = sampled(coarse, Box(0, 0, 38, 54), 8)
    part = sampled(coarse, Box(10, 20, 30, 50), 8)
    torch.testing.assert_close(part, whole[..., 10:30, 20:50], rtol=0, atol=1e-5)


def test_shares_are_weighted_by_the_alpha_of_a_cell():
    alpha, box, cpu = half_hidden(16, 24), Box(0, 0, 16, 24), torch.device("cpu")
    assert weighted_by_alpha(None, None, box, "relu4_1", device=cpu) is None
    alone = weighted_by_alpha(None, alpha, box, "relu4_1", device=cpu)
    torch.testing.assert_close(alone, torch.tensor([1, 0.5, 0]).expand(1, 1, 2, 3))
    shares = torch.full((2, 1, 2, 3), 0.5)
    assert weighted_by_alpha(shares, None, box, "relu4_1", device=cpu) is shares
    torch.testing.assert_close(weighted_by_alpha(shares, alpha, box, "relu4_1", device=cpu), shares * alone)
