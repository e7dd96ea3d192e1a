import pytest
import torch
import torch.nn.functional as F
from samples import picture

from styler.model.resampling import doubled, halved


def test_without_anti_aliasing_cells_keep_their_maximum_and_are_repeated():
    x = torch.tensor([[1.0, 2, 5, 6], [3, 4, 7, 8]])[None, None]
    small = halved(x, antialiased=False)
    assert small.tolist() == [[[[4.0, 8.0]]]]
    assert doubled(small, antialiased=False).tolist() == [[[[4.0, 4, 8, 8], [4, 4, 8, 8]]]]


def test_anti_aliased_pooling_is_the_blur_of_all_maxima_at_every_second_position():
    x = torch.rand(2, 3, 12, 16)
    maxima = F.pad(F.max_pool2d(x, 2, stride=1), (1, 1, 1, 1), mode="replicate")
    weights = torch.tensor([1.0, 2, 1]) / 4
    kernel = (weights[:, None] * weights).expand(3, 1, 3, 3)
    torch.testing.assert_close(halved(x, antialiased=True), F.conv2d(maxima, kernel, stride=2, groups=3))


@pytest.mark.parametrize("antialiased", [False, True])
def test_constant_features_stay_constant(antialiased):
    x = torch.full((1, 2, 6, 8), 0.7)
    torch.testing.assert_close(halved(x, antialiased=antialiased), torch.full((1, 2, 3, 4), 0.7))
    torch.testing.assert_close(doubled(x, antialiased=antialiased), torch.full((1, 2, 12, 16), 0.7))


def test_anti_aliased_pooling_changes_less_when_the_picture_is_shifted():
    image = picture(64, 80)

    def change(antialiased: bool) -> float:
        one, other = (
            doubled(halved(image[..., left : left + 64], antialiased=antialiased), antialiased=antialiased)
            for left in (0, 1)
        )
        return float((one[..., 9:-8] - other[..., 8:-9]).square().mean())

    assert change(True) < 0.5 * change(False)
